"""Samples and heads whose logits are what the test says."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import integral_mmpose  # noqa: F401

INPUT_SIZE = (64, 48)  # w, h


@pytest.fixture
def make_samples():
    """Samples with labels (B, K, C) and the metainfo of the pipeline."""

    def make(labels=None, weights=None, n=2, flip_indices=None, **metainfo):
        samples = []
        for i in range(n if labels is None else len(labels)):
            sample = PoseDataSample(
                metainfo=dict(
                    input_size=INPUT_SIZE,
                    flip_indices=flip_indices,
                    **{key: value[i] for key, value in metainfo.items()},
                )
            )
            if labels is not None:
                sample.gt_instance_labels = InstanceData(
                    keypoint_labels=labels[i : i + 1],
                    keypoint_weights=(
                        torch.ones_like(labels) if weights is None else weights
                    )[i : i + 1],
                )
            samples.append(sample)
        return samples

    return make


@pytest.fixture
def build_head():
    """IntegralHead on small features; its codec follows the depth."""

    def build(joints=3, depth=1, in_channels=4, **kwargs):
        if not {'heatmap_loss', 'joint_loss'} & set(kwargs):
            kwargs['joint_loss'] = dict(type='JointL1Loss')
        kwargs.setdefault('deconv_out_channels', (6, 5))
        kwargs.setdefault(
            'decoder',
            dict(
                type='IntegralLabel',
                input_size=INPUT_SIZE,
                depth_range_mm=None if depth == 1 else 2000.0,
            ),
        )
        return MODELS.build(
            dict(
                type='IntegralHead',
                in_channels=in_channels,
                out_channels=joints,
                depth=depth,
                **kwargs,
            )
        )

    return build


@pytest.fixture
def identity_head(build_head):
    """A head without deconvolutions whose 1x1 layer is the identity.

    Its features (B, K * D, H, W) are its logits: nothing is stubbed.
    """

    def build(joints=3, depth=1, **kwargs):
        head = build_head(
            joints,
            depth,
            in_channels=joints * depth,
            deconv_out_channels=(),
            **kwargs,
        )
        with torch.no_grad():
            head.final_layer.weight.copy_(
                torch.eye(joints * depth)[..., None, None]
            )
            head.final_layer.bias.zero_()
        return head

    return build


@pytest.fixture
def ideal_features():
    """Features of an ideal network that sees joints at given places."""

    def make(points_norm, sizes, sigma=1.0):
        """points (B, K, C) normalised, sizes (w, h[, d]) -> 1-tuple."""
        logits = 0
        axes = len(sizes)
        for axis, n in enumerate(sizes):
            distance = torch.arange(n) - points_norm[..., axis, None] * n
            line = -(distance**2) / (2 * sigma**2)
            view = [*line.shape[:2], *[1] * axes]
            view[1 + axes - axis] = n
            logits = logits + line.reshape(view)
        batch, height, width = len(points_norm), sizes[1], sizes[0]
        return (logits.reshape(batch, -1, height, width).float(),)

    return make


@pytest.fixture
def stack():
    """A field of all predictions as one array."""
    return lambda preds, key: np.concatenate([p[key] for p in preds])
