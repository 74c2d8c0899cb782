"""Channels last, but for what torch cannot compute so."""

import subprocess
import sys

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from integral_mmpose.models import ChannelsLastPoseEstimator

STEP = """
import torch
from tests.test_models.test_pose_estimators.test_channels_last import build
model = build(base_channels=8).train()
for _ in range(5):
    torch.stack([
        features.square().mean()
        for features in model.extract_feat(torch.rand(4, 3, 256, 256))
    ]).sum().backward()
"""


def build(base_channels, kind=ChannelsLastPoseEstimator):
    init_default_scope('mmpose')
    backbone = dict(
        type='ResNet',
        depth=18,
        stem_channels=8,
        base_channels=base_channels,
    )
    channels = 8 * base_channels
    head = dict(
        type='DirectRegressionHead', in_channels=channels, num_joints=3
    )
    return MODELS.build(dict(type=kind, backbone=backbone, head=head))


@pytest.mark.parametrize('width', [8, 16])
def test_narrow_strided_convolutions_are_contiguous(width):
    """Of less than 16 channels: the first of three in a ResNet of width 8."""
    model, layouts = build(width), []

    def note(module, inputs, output):
        layouts.append(
            all(
                t.is_contiguous(memory_format=torch.channels_last)
                for t in (inputs[0], output)
            )
        )

    shortcuts = [
        stage[0].downsample[0]
        for stage in (getattr(model.backbone, f'layer{n}') for n in (2, 3, 4))
    ]
    for convolution in shortcuts:
        convolution.register_forward_hook(note)
    model.extract_feat(torch.rand(2, 3, 64, 64))
    assert layouts == [width == 16, True, True]


def test_a_narrow_network_learns_at_256_px():
    """Without the exception, torch 2.11 dies here on a CPU with AVX-512."""
    done = subprocess.run(
        [sys.executable, '-c', STEP], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_nothing_but_the_layout_differs():
    plain = build(8, 'TopdownPoseEstimator')
    model = build(8)
    model.load_state_dict(plain.state_dict())
    gradients = []
    for network in (plain, model):
        network.double().train()
        torch.manual_seed(0)
        image = torch.rand(2, 3, 64, 64, dtype=torch.float64)
        network.extract_feat(image)[0].square().mean().backward()
        gradients.append({n: p.grad for n, p in network.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)
