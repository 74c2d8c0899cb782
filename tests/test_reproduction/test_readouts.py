"""Readouts of maps that are known, scored by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import integral_mmpose  # noqa: F401
from integral_mmpose.datasets.joints import MPII_METAINFO
from integral_mmpose.datasets.metainfo import parse_metainfo
from integral_mmpose.models import DirectRegressionHead
from reproduction.readouts import (
    Readout,
    choose,
    halves,
    last_checkpoint,
    readouts,
    run_network,
    score,
)

SIZE = (64, 64)


@pytest.fixture
def person():
    """A person whose joints lie between the cells of 16 x 16 maps."""
    torch.manual_seed(0)
    joints = 4 + 8 * torch.rand(1, 16, 2)
    joints = joints.floor() + 0.4  # bins; the argmax is 0.4 off on each axis
    x, y = torch.arange(16.0), torch.arange(16.0)[:, None]
    at = joints[..., None, None]
    maps = (-((x - at[:, :, 0]) ** 2 + (y - at[:, :, 1]) ** 2) / 2).exp()
    sample = PoseDataSample(
        metainfo=dict(
            img_path='a.jpg',
            id=0,
            input_size=SIZE,
            input_center=np.array([32.0, 32.0]),
            input_scale=np.array([64.0, 64.0]),
        )
    )
    sample.gt_instances = InstanceData(
        keypoints=4 * joints.numpy(),
        keypoints_visible=torch.ones(1, 16).numpy(),
        head_size=torch.tensor([16.0]).numpy(),
        bboxes=torch.tensor([[0.0, 0, 64, 64]]).numpy(),
        bbox_scores=torch.ones(1).numpy(),
    )
    return maps, sample


def build():
    head = MODELS.build(
        dict(
            type='IntegralHead',
            in_channels=1,
            out_channels=16,
            deconv_out_channels=(),
            heatmap_loss=dict(type='VolumeMSELoss'),
            decoder=dict(type='IntegralLabel', input_size=SIZE),
        )
    )
    add = TopdownPoseEstimator.add_pred_to_datasample
    model = SimpleNamespace(head=head, test_cfg={})
    model.add_pred_to_datasample = lambda *args: add(model, *args)
    return model


def test_argmax_misses_what_the_window_finds(person):
    maps, sample = person
    meta = parse_metainfo(MPII_METAINFO)
    found = {
        r.title: score(build(), [(r, [(maps, [sample])])], meta)
        for r in (
            Readout('argmax', 'argmax'),
            Readout('window', 'local_integral', dict(temperature=0.1)),
            Readout('flat', 'integral'),
        )
    }
    # 0.4 bins are 1.6 px on each axis, 2.26 px of a head of 16: 0.141.
    assert found['argmax']['pckh/PCKh@0.1'] == 0
    assert found['argmax']['pckh/AUC'] == pytest.approx(100 * 36 / 51)
    assert found['window']['pckh/PCKh@0.1'] == 100
    assert found['flat']['pckh/AUC'] < found['argmax']['pckh/AUC']


def test_of_several_stages_the_last_is_read(person):
    maps, sample = person
    meta = parse_metainfo(MPII_METAINFO)
    model = build()
    last = model.head
    stages = [1 - maps, maps]
    model.head = lambda feats: stages
    model.head.heads = [build().head, last]
    model.extract_feat = lambda inputs: inputs
    model.data_preprocessor = lambda batch: dict(batch, data_samples=[sample])
    batches = run_network(model, [dict(inputs=None)])
    assert batches[0][0] is maps
    window = Readout('window', 'local_integral', dict(temperature=0.1))
    assert score(model, [(window, batches)], meta)['pckh/PCKh@0.1'] == 100
    first = [(stages[0], [sample])]  # negative control
    assert score(model, [(window, first)], meta)['pckh/PCKh@0.1'] == 0


def test_a_row_without_maps_is_refused():
    head = DirectRegressionHead(in_channels=4, num_joints=16)
    with pytest.raises(ValueError, match='no heat maps to read: give'):
        run_network(SimpleNamespace(head=head), [])


def test_each_half_has_its_own_readout(person):
    """Together they have the mean of both: half of the joints at each."""
    maps, sample = person
    other = sample.clone()
    other.set_metainfo(dict(id=2, img_id=2))
    meta = parse_metainfo(MPII_METAINFO)
    argmax = Readout('argmax', 'argmax')
    window = Readout('window', 'local_integral', dict(temperature=0.1))
    parts = [
        (argmax, [(maps, [sample])]),
        (window, [(maps, [other])]),
    ]
    assert score(build(), parts, meta)['pckh/PCKh@0.1'] == 50
    assert choose(build(), [(maps, [sample])], meta).mode == 'local_integral'


def test_halves_go_on_over_batches_of_any_size():
    """0 2 4 and 1 3 5, although the first batch has three people."""
    batches = [
        (torch.tensor([0, 1, 2]), [0, 1, 2]),
        (torch.tensor([3]), [3]),
        (torch.tensor([4, 5]), [4, 5]),
    ]
    for half, wanted in zip(halves(batches), ([0, 2, 4], [1, 3, 5])):
        assert [n for _, samples in half for n in samples] == wanted
        assert torch.cat([maps for maps, _ in half]).tolist() == wanted
        assert all(samples for _, samples in half)


def test_every_line_has_a_title_of_its_own():
    titles = [readout.title for readout in readouts()]
    assert len(set(titles)) == len(titles) == 1 + 4 + 12


def test_last_checkpoint(tmp_path):
    for name in ('epoch_9.pth', 'epoch_10.pth', 'best_epoch_11.pth'):
        (tmp_path / name).touch()
    assert last_checkpoint(tmp_path).name == 'epoch_10.pth'
    with pytest.raises(FileNotFoundError, match='folder of a training'):
        last_checkpoint(tmp_path / 'other')
