"""Joints in groups: the same losses and gradients in less memory."""

import weakref

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from integral_mmpose.functional.fused import AVAILABLE

DEPTH, JOINTS = 5, 4
LOSSES = {
    'I': dict(joint_loss=dict(type='JointL1Loss')),
    'H1': dict(heatmap_loss=dict(type='VolumeMSELoss'), readout='argmax'),
    'H2': dict(
        heatmap_loss=dict(type='MarginalCrossEntropyLoss'),
        readout='marginal_argmax',
    ),
    'joint': dict(
        heatmap_loss=dict(type='MarginalMSELoss', loss_weight=0.3),
        joint_loss=dict(type='JointL2Loss', loss_weight=2.0),
    ),
}


class PeakBytes(TorchDispatchMode):
    """Count the bytes of the living storages that operators make."""

    def __init__(self):
        super().__init__()
        self.living = self.peak = 0
        self.known = weakref.WeakSet()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for tensor in tree_flatten(out)[0]:
            if isinstance(tensor, torch.Tensor):
                self.add(tensor.untyped_storage())
        return out

    def add(self, storage):
        if storage in self.known:
            return
        self.known.add(storage)
        self.living += storage.nbytes()
        self.peak = max(self.peak, self.living)
        weakref.finalize(storage, self.remove, storage.nbytes())

    def remove(self, size):
        self.living -= size


@pytest.fixture
def batch(make_samples):
    generator = torch.Generator().manual_seed(0)
    labels = torch.rand(2, JOINTS, 3, generator=generator)
    weights = (torch.rand(labels.shape, generator=generator) > 0.3).float()
    features = torch.randn(2, 4, 3, 2, generator=generator)
    return features, make_samples(labels, weights)


def losses_and_gradients(head, features, samples, train_cfg=None):
    head.zero_grad()
    features = features.clone().requires_grad_()
    losses = head.loss((features,), samples, train_cfg)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    gradients = {n: p.grad for n, p in head.named_parameters()}
    return losses, dict(gradients, features=features.grad)


@pytest.mark.parametrize('name', LOSSES)
@pytest.mark.parametrize('chunk', [1, 3, 4, 9])
def test_losses_and_gradients_are_the_same(name, chunk, build_head, batch):
    torch.manual_seed(0)
    head = build_head(JOINTS, DEPTH, **LOSSES[name])
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    whole = losses_and_gradients(head, *batch)
    parts = losses_and_gradients(head, *batch, dict(chunk_joints=chunk))
    for expected, got in zip(whole, parts):
        assert set(expected) == set(got)
        for key, value in expected.items():
            assert torch.allclose(got[key], value, rtol=1e-4, atol=1e-6), key


def test_two_dimensions(build_head, make_samples):
    head = build_head(JOINTS, heatmap_loss=dict(type='VolumeBCELoss'))
    samples = make_samples(torch.rand(2, JOINTS, 2))
    features = torch.randn(2, 4, 3, 2)
    whole = losses_and_gradients(head, features, samples)
    parts = losses_and_gradients(head, features, samples, dict(chunk_joints=3))
    for expected, got in zip(whole, parts):
        for key, value in expected.items():
            assert torch.allclose(got[key], value, rtol=1e-4, atol=1e-7), key


@pytest.mark.skipif(
    not AVAILABLE, reason='needs torch 2.6: the plain form keeps more'
)
def test_memory_falls_with_the_groups(build_head, make_samples):
    """The volume and its gradient: 2 * K / groups of a joint's bytes."""
    head = build_head(8, 32, deconv_out_channels=())
    samples = make_samples(torch.rand(2, 8, 3))
    features = torch.randn(2, 4, 24, 20)
    joint_bytes = 2 * 32 * 24 * 20 * 4
    peaks = []
    for chunk in (None, 4, 2, 1):
        with PeakBytes() as memory:
            losses_and_gradients(
                head, features, samples, dict(chunk_joints=chunk)
            )
        peaks.append(memory.peak / joint_bytes)
    # What else there is, features and weights, is less than a joint.
    for peak, joints in zip(peaks, (8, 4, 2, 1)):
        assert 2 * joints <= peak <= 2 * joints + 1


@pytest.mark.parametrize('chunk', [0, -2, 1.5, '3', True])
def test_a_wrong_number(chunk, build_head, batch):
    head = build_head(JOINTS, DEPTH)
    with pytest.raises(ValueError, match='chunk_joints must be a whole'):
        losses_and_gradients(head, *batch, dict(chunk_joints=chunk))


def test_a_mean_over_the_joints_has_no_chunks(build_head, make_samples):
    """MMPose's losses are means: a group's share would be another."""
    loss = dict(type='L1Loss', use_target_weight=True)
    head = build_head(JOINTS, joint_loss=loss)
    labels = torch.rand(2, JOINTS, 2)
    with pytest.raises(ValueError, match='L1Loss is not a sum'):
        head.loss(
            (torch.rand(2, 4, 3, 4),),
            make_samples(labels),
            dict(chunk_joints=1),
        )
