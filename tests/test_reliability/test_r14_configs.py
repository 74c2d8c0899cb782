"""R14, configs: each trains and validates; eight images are learned."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from tests.test_reliability.training import only_train, small_config, train

PROVED_BY = (
    'test_configs/test_configs.py',
    'test_reproduction/test_rows.py',
)
WIDE = {
    'model.backbone.base_channels': 16,
    'model.head.in_channels': 128,
    'model.head.deconv_out_channels': (64, 64),
}


def overfit(data, folder, steps, freeze=False):
    """Mean distance in px of the joints of 8 frames without augmentation."""
    cfg = only_train(small_config(data, folder, WIDE), steps)
    # By epochs of one batch: the loop by iterations sleeps between two passes.
    cfg.train_cfg = dict(by_epoch=True, max_epochs=steps)
    source = cfg.train_dataloader.dataset.datasets[0]
    source.indices = 8
    pipeline = [
        step
        for step in [*source.pipeline, *cfg.train_dataloader.dataset.pipeline]
        if not step['type'].startswith(('Random', 'Uniform'))
    ]
    source.pipeline = pipeline
    cfg.train_dataloader = dict(
        batch_size=8,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=source,
    )
    cfg.param_scheduler = [
        dict(type='LinearLR', start_factor=0.1, end=20, by_epoch=False),
        dict(
            type='CosineAnnealingLR',
            T_max=steps,
            eta_min=1e-5,
            by_epoch=False,
        ),
    ]
    cfg.optim_wrapper.optimizer.lr = 0.0 if freeze else 3e-3
    runner = train(cfg)
    dataset = runner.train_dataloader.dataset
    batch = pseudo_collate([dataset[n] for n in range(8)])
    model = runner.model.eval()
    with torch.no_grad():
        found = model.test_step(batch)
    errors = []
    for sample in found:
        truth = sample.gt_instances.keypoints[0, :17, :2]
        pred = sample.pred_instances.keypoints[0, :17, :2]
        scale = sample.input_size[0] / sample.input_scale[0]
        errors.append(np.linalg.norm(pred - truth, axis=-1) * scale)
    return float(np.mean(errors))


@pytest.mark.slow  # half a minute of training
def test_eight_images_are_learned(data, tmp_path, figure):
    error = overfit(data, tmp_path, 600)
    figure('R14', 'overfit of 8 images, px of the crop', error, 1.0)


def test_upstream_what_is_not_learned_is_seen(data, tmp_path, figure):
    """The control of the measure: no learning rate, no fit."""
    error = overfit(data, tmp_path, 2, freeze=True)
    what = 'overfit of 8 images, px of the crop'
    figure('R14', what, error, 1.0, upstream=True)
