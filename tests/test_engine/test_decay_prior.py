"""The weight of the heat map loss falls to 0 and follows from the epoch."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch import nn

from integral_mmpose.engine import DecayPriorHook
from integral_mmpose.models import IntegralHead

JOINT = dict(type='JointL1Loss')
MAP = dict(type='MarginalJSLoss', loss_weight=3.0)


def make_runner(heatmap_loss=MAP, joint_loss=JOINT):
    model = nn.Module()
    model.head = IntegralHead(
        3,
        2,
        deconv_out_channels=(),
        heatmap_loss=heatmap_loss,
        joint_loss=joint_loss,
    )
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    return SimpleNamespace(model=model, epoch=0, max_epochs=8, train_loop=loop)


def weights(runner, hook, epochs):
    hook.before_train(runner)
    found = []
    for runner.epoch in epochs:
        hook.before_train_epoch(runner)
        found.append(runner.model.head.heatmap_loss.loss_weight)
    return found


def test_by_hand():
    found = weights(make_runner(), DecayPriorHook(0.5), range(6))
    assert found == pytest.approx([3, 2.25, 1.5, 0.75, 0, 0])


def test_a_resumed_run_has_the_same_weight():
    whole = weights(make_runner(), DecayPriorHook(0.5), range(4))
    resumed = weights(make_runner(), DecayPriorHook(0.5), range(2, 4))
    assert resumed == whole[2:]


def test_iterations_are_refused():
    runner = make_runner()
    runner.train_loop = IterBasedTrainLoop.__new__(IterBasedTrainLoop)
    with pytest.raises(ValueError, match='must have by_epoch=True'):
        DecayPriorHook().before_train(runner)


def test_at_the_end_only_the_joint_loss_has_a_gradient():
    runner = make_runner()
    weights(runner, DecayPriorHook(0.25), range(3))
    logits = torch.randn(1, 2, 6, 8, requires_grad=True)
    labels, ones = torch.rand(1, 2, 2), torch.ones(1, 2, 2)
    losses, _ = runner.model.head.losses_and_coordinates(logits, labels, ones)
    assert losses['loss_heatmap'] == 0
    (got,) = torch.autograd.grad(sum(losses.values()), logits)
    alone = make_runner(heatmap_loss=None).model.head
    expected, _ = alone.losses_and_coordinates(logits, labels, ones)
    (expected,) = torch.autograd.grad(expected['loss_joint'], logits)
    torch.testing.assert_close(got, expected)


def test_in_a_data_parallel_model():
    runner = make_runner()
    head = runner.model.head
    runner.model = nn.DataParallel(runner.model)
    hook = DecayPriorHook(0.25)
    hook.before_train(runner)
    runner.epoch = 1
    hook.before_train_epoch(runner)
    assert head.heatmap_loss.loss_weight == 1.5


def test_errors():
    for fraction in (0, -1, 1.5, float('nan')):
        with pytest.raises(ValueError, match=r'must lie in \(0, 1\]'):
            DecayPriorHook(fraction)
    for lacking in ('heatmap_loss', 'joint_loss'):
        with pytest.raises(ValueError, match='heatmap_loss and joint_loss'):
            DecayPriorHook(0.25).before_train(make_runner(**{lacking: None}))
