"""Boxes -> crops -> poses, with a model whose answer is known by hand."""

from pathlib import Path
from types import SimpleNamespace

import mmpose
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model

from integral_mmpose.apis import TopdownPoseModel, load_pose_model
from integral_mmpose.datasets.joints import build_metainfo
from integral_mmpose.datasets.transforms import ConvertJoints
from integral_mmpose.functional import marginals
from integral_mmpose.models import VolumeMSELoss

from .conftest import CONFIG

BOX = np.array([40.0, 30.0, 90.0, 130.0], np.float32)


def test_bins_become_image_px_and_mm(pose_model, image, peak):
    """By hand: a 50 x 100 box, padded by 1.25, made square: 125 px."""
    [pose] = pose_model.predict([pose_model.crop(image, BOX)])
    corner = np.array([65.0, 80.0]) - 62.5
    expected = [
        *(corner + np.array([4, 8]) / 16 * 125),
        (12 / 16 - 0.5) * 2000,
    ]
    np.testing.assert_allclose(pose.keypoints[5], expected, atol=1e-3)
    assert pose.scores.shape == (18,)
    assert pose.side_px == pytest.approx(125)


def test_a_known_pixel_size_gives_the_depth_range(pose_model, image, peak):
    """10 mm a pixel over a crop of 125 px are 1250 mm, not 2000."""
    crop = pose_model.crop(image, BOX, mm_per_px=10.0)
    [pose] = pose_model.predict([crop])
    assert pose.keypoints[5, 2] == pytest.approx((12 / 16 - 0.5) * 1250)


def test_a_pipeline_that_pads_is_not_padded_twice(network, image, peak):
    """COCO's pipeline pads by 1.25 itself, and the crop must be the same."""
    cfg = Config.fromfile(CONFIG)
    cfg.test_dataloader.dataset.pipeline[1].padding = 1.25
    stub = SimpleNamespace(
        cfg=cfg, dataset_meta=network.dataset_meta, head=network.head
    )
    padding, plain = TopdownPoseModel(stub), TopdownPoseModel(network)
    for model in (padding, plain):
        meta = model.crop(image, BOX)['data_samples'].metainfo
        assert meta['input_scale'] == pytest.approx([125, 125])


def test_a_model_of_wider_crops(network, image):
    """A padding of 1.5 is that of the crops that the model has learned."""
    cfg = Config.fromfile(CONFIG)
    cfg.test_dataloader.dataset.pipeline[1].padding = 1.5
    stub = SimpleNamespace(
        cfg=cfg, dataset_meta=network.dataset_meta, head=network.head
    )
    crop = TopdownPoseModel(stub).crop(image, BOX)
    scale = crop['data_samples'].metainfo['input_scale']
    assert scale == pytest.approx([150, 150])


def test_a_pipeline_that_pads_by_mmposes_default(network, image):
    """As MMPose's own configs have it: no padding named, 1.25 meant."""
    cfg = Config.fromfile(CONFIG)
    del cfg.test_dataloader.dataset.pipeline[1]['padding']
    stub = SimpleNamespace(
        cfg=cfg, dataset_meta=network.dataset_meta, head=network.head
    )
    crop = TopdownPoseModel(stub).crop(image, BOX)
    scale = crop['data_samples'].metainfo['input_scale']
    assert scale == pytest.approx([125, 125])


def test_the_answer_is_that_of_inference_topdown(pose_model, image):
    """MMPose's own function, with the box padded by hand, is the oracle."""
    padded = np.array([[33.75, 17.5, 96.25, 142.5]], np.float32)
    [sample] = inference_topdown(pose_model.model, image, padded)
    [pose] = pose_model.predict([pose_model.crop(image, BOX)])
    expected = sample.pred_instances.keypoints[0]
    np.testing.assert_allclose(pose.keypoints, expected, atol=1e-4)


def test_half_precision_is_close(network, image):
    crops = [TopdownPoseModel(network).crop(image, BOX)]
    full, half = (
        TopdownPoseModel(network, half).predict(crops)[0].keypoints
        for half in (False, True)
    )
    assert not np.array_equal(full, half)
    assert np.abs(full - half)[:, :2].max() < 0.02 * 125
    assert np.abs(full - half)[:, 2].max() < 0.02 * 2000


def test_heat_vectors_are_the_marginals_of_the_logits(
    pose_model, image, monkeypatch
):
    logits = torch.randn(1, 18, 16, 16, 16)
    monkeypatch.setattr(pose_model.model.head, 'forward', lambda _: logits)
    vectors, maps, joints = pose_model.heat_vectors(
        [pose_model.crop(image, BOX)]
    )
    for vector, expected in zip(vectors, marginals(logits)):
        torch.testing.assert_close(vector, expected)
    probs = logits.flatten(2).softmax(-1).view_as(logits)
    torch.testing.assert_close(maps, probs.sum(2))
    means = [(v * torch.arange(16)).sum(-1) / 16 for v in vectors]
    torch.testing.assert_close(joints, torch.stack(means, -1))


def test_heat_vectors_of_a_heat_map_model_are_what_it_reads(
    pose_model, image, monkeypatch
):
    """H1: cells 0.9 at (x, y, z) = (12, 3, 8) and 0.3 at (4, 3, 2), -1 else.

    It puts the joint at its peak, a softmax would be almost flat.
    """
    volume = torch.full((1, 18, 16, 16, 16), -1.0)
    volume[:, :, 8, 3, 12] = 0.9
    volume[:, :, 2, 3, 4] = 0.3
    head = pose_model.model.head
    monkeypatch.setattr(head, 'forward', lambda _: volume)
    monkeypatch.setattr(head, 'readout', 'argmax')
    monkeypatch.setattr(head, 'heatmap_loss', VolumeMSELoss())
    (x, y, z), maps, joints = pose_model.heat_vectors(
        [pose_model.crop(image, BOX)]
    )
    assert x[0, 5].nonzero().flatten().tolist() == [4, 12]
    assert x[0, 5, [4, 12]].tolist() == pytest.approx([0.25, 0.75])
    assert y[0, 5, 3].item() == pytest.approx(1)
    assert z[0, 5, [2, 8]].tolist() == pytest.approx([0.25, 0.75])
    assert maps[0, 5, 3, 12].item() == pytest.approx(0.75)
    assert (joints[0, 5] * 16).tolist() == [12, 3, 8]


def test_the_depth_of_a_crop_is_that_of_its_pose(pose_model, image):
    """10 mm a pixel over a crop of 125 px, else the model's 2000 mm."""
    crop = pose_model.crop(image, BOX, mm_per_px=10.0)
    assert pose_model.depth_range_of(crop) == pytest.approx(1250)
    assert pose_model.depth_range_of(pose_model.crop(image, BOX)) == 2000


def test_weights_of_another_model_and_torn_ones(network, tmp_path):
    state = network.state_dict()
    name = next(n for n in state if n.startswith('head'))
    torch.save(
        dict(state_dict={k: v for k, v in state.items() if k != name}),
        tmp_path / 'half.pth',
    )
    with pytest.raises(ValueError, match='half.pth is of another model'):
        load_pose_model(str(CONFIG), str(tmp_path / 'half.pth'))
    (tmp_path / 'torn.pth').write_bytes(b'junk')
    with pytest.raises(ValueError, match='Take another copy of it') as caught:
        load_pose_model(str(CONFIG), str(tmp_path / 'torn.pth'))
    assert str(caught.value).count('torn.pth cannot be read') == 1
    assert str(caught.value).count('torn.pth') == 1
    with pytest.raises(ValueError, match='modelzoo://a: cannot be loaded .K'):
        load_pose_model(str(CONFIG), 'modelzoo://a')


def test_weights_and_meta_come_from_the_checkpoint(network, tmp_path):
    state = {k: v + 1 for k, v in network.state_dict().items()}
    meta = dict(dataset_meta=dict(network.dataset_meta, dataset_name='own'))
    torch.save(dict(state_dict=state, meta=meta), tmp_path / 'w.pth')
    model = load_pose_model(str(CONFIG), str(tmp_path / 'w.pth'))
    assert model.dataset_meta['dataset_name'] == 'own'
    assert not model.training
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name])


def test_no_metainfo_is_that_of_the_class():
    """The data set builds so; MMPose's init_model ends in a TypeError."""
    config = Config.fromfile(CONFIG)
    names = load_pose_model(config, None).dataset_meta['keypoint_id2name']
    for kind in ('train', 'val', 'test'):
        config[f'{kind}_dataloader'].dataset.metainfo = None
    with pytest.raises(TypeError):
        init_model(config, None, device='cpu')
    kept = config.to_dict()
    model = load_pose_model(config, None)
    assert model.dataset_meta['keypoint_id2name'] == names
    assert config.to_dict() == kept


class OwnConvertJoints(ConvertJoints):
    """A user's."""


@pytest.mark.parametrize(
    'kind',
    [
        *('ConvertJoints', 'mmpose.ConvertJoints', ConvertJoints),
        OwnConvertJoints,
    ],
)
def test_an_older_checkpoint_of_converted_joints(network, tmp_path, kind):
    """It has the joint set of the file; the config says what came out."""
    config = Config.fromfile(CONFIG)
    count = network.head.out_channels
    target = build_metainfo(
        'own', [f'joint_{n}' for n in range(count)], (), [0] * count
    )
    convert = dict(type=kind, mapping=list(range(count)), target=target)
    config.test_dataloader.dataset.pipeline.insert(0, convert)
    config.val_dataloader = None  # a training without validation
    meta = dict(dataset_meta=dict(network.dataset_meta, dataset_name='old'))
    path = tmp_path / 'w.pth'
    torch.save(dict(state_dict=network.state_dict(), meta=meta), path)
    model = load_pose_model(config, str(path))
    assert model.dataset_meta['dataset_name'] == 'own'
    assert model.dataset_meta['keypoint_id2name'][0] == 'joint_0'
    meta['dataset_meta']['num_keypoints'] = count - 1
    torch.save(dict(state_dict=network.state_dict(), meta=meta), path)
    with pytest.raises(ValueError, match=f'gives {count} joints, its joint'):
        load_pose_model(str(CONFIG), str(path))


@pytest.mark.filterwarnings('ignore:The metainfo config file')
def test_a_model_with_three_maps_a_joint_is_taken():
    """MMPose's combined UDP: 51 channels, 17 joints."""
    config = Config.fromfile(
        Path(mmpose.__file__).parent / '.mim/configs/body_2d_keypoint/'
        'topdown_heatmap/coco/'
        'td-hm_hrnet-w32_udp-regress-8xb64-210e_coco-256x192.py'
    )
    model = load_pose_model(config, None)
    assert model.head.out_channels == 51
    assert TopdownPoseModel(model).joint_names[0] == 'nose'
