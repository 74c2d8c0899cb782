"""Evaluation without ground truth: nothing of the true depth reaches it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, METRICS, MODELS

CONFIG = (
    Path(__file__).resolve().parents[2]
    / 'configs/body_3d_keypoint/integral/h36m'
    / 'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
)
#: So many times as large and as far away as the people of the data set.
GROWN = 1.3


@pytest.fixture(scope='module')
def root(root):
    path = root / 'annotations' / 'h36m_test.npz'
    rows = dict(np.load(path))
    rows['S'][..., :3] *= GROWN  # the pixels and the cameras stay
    np.savez(path.with_name('h36m_grown.npz'), **rows)
    return root


@pytest.fixture(scope='module')
def model():
    init_default_scope('mmpose')
    torch.manual_seed(0)
    cfg = Config.fromfile(CONFIG)
    cfg.model.backbone.init_cfg = None
    return MODELS.build(cfg.model).eval()


def poses(root, model, file, box='tight', root_depth='estimate'):
    """Predicted joints in camera space in mm (n, 18, 3), and the truth."""
    init_default_scope('mmpose')
    cfg = Config.fromfile(CONFIG).test_dataloader.dataset
    cfg.update(
        data_root=str(root),
        ann_file=f'annotations/{file}.npz',
        box=box,
        root_depth=root_depth,
        indices=6,
    )
    for step in cfg.pipeline:
        if step.type == 'GetBBoxCenterScale' and box != '2000mm':
            step.padding = 1.25
    data = DATASETS.build(cfg)
    metric = METRICS.build(dict(type='IntegralMPJPE', root_depth=root_depth))
    batch = pseudo_collate([data[n] for n in range(len(data))])
    with torch.no_grad():
        samples = model.test_step(batch)
    metric.process(batch, [sample.to_dict() for sample in samples])
    metric.compute_metrics(metric.results)
    pred, truth = (
        np.stack([r[key] for r in metric.results]) for key in ('pred', 'gt')
    )
    return pred, truth, metric.evaluation_mode


def test_the_true_depth_does_not_change_an_estimate(root, model):
    """People 1.3 x larger and farther: same image, box, camera, same mm."""
    pred, truth, mode = poses(root, model, 'h36m_test')
    other, grown, _ = poses(root, model, 'h36m_grown')
    np.testing.assert_allclose(grown, GROWN * truth, rtol=1e-5)
    np.testing.assert_array_equal(other, pred)
    assert 'box tight from ground truth, root depth estimated' in mode
    # The pose has a depth of its own: not a flat one.
    assert np.ptp(pred[..., 2] - pred[:, :1, 2], axis=1).max() > 0.1


@pytest.mark.parametrize(
    'box, root_depth', [('tight', 'gt'), ('2000mm', 'estimate')]
)
def test_the_other_modes_know_the_true_depth(root, model, box, root_depth):
    """Negative control: what the evaluation mode says goes in does."""
    pred, _, _ = poses(root, model, 'h36m_test', box, root_depth)
    other, _, _ = poses(root, model, 'h36m_grown', box, root_depth)
    ratio = other[:, 0, 2] / pred[:, 0, 2]
    np.testing.assert_allclose(ratio, GROWN, rtol=0.02)


def test_the_scale_of_z_is_the_estimates(root, model):
    """z in mm is normalised depth times 2000 mm, whatever the truth."""
    init_default_scope('mmpose')
    cfg = Config.fromfile(CONFIG)
    cfg.test_dataloader.dataset.update(
        data_root=str(root), box='tight', root_depth='estimate'
    )
    data = DATASETS.build(cfg.test_dataloader.dataset)
    info = data.get_data_info(3)
    size = info['bbox'][0, 2:] - info['bbox'][0, :2]
    crop = np.full(2, 1.25 * size.max())
    found = model.head.decoder.depth_range(info['mm_per_px'], crop)
    assert found == pytest.approx(2000, rel=1e-4)
    by_truth = info['root_depth'] / info['focal'].mean()
    leaked = model.head.decoder.depth_range(by_truth, crop)
    assert abs(leaked - 2000) > 20
