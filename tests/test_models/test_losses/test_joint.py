"""L1 and L2 on the joints: sums, weights and the fixed count."""

import pytest
import torch
from mmpose.registry import MODELS

import integral_mmpose  # noqa: F401

NAMES = ['JointL1Loss', 'JointL2Loss']


def batch(axes=3):
    torch.manual_seed(0)
    pred = torch.rand(4, 5, axes, dtype=torch.float64, requires_grad=True)
    return pred, torch.rand(4, 5, axes).double(), torch.ones(4, 5, axes)


def test_by_hand():
    """Summed over joints and axes, divided by the batch: 2 samples."""
    pred = torch.tensor([[[0.0, 1.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]])
    weights = torch.tensor(
        [[[1.0, 1.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]]
    )
    labels = torch.tensor([[[1.0, 1.0], [0.0, 0.0]], [[0.0, 3.0], [0.0, 0.0]]])
    values = [
        MODELS.build(dict(type=name, loss_weight=w))(pred, labels, weights)
        for name, w in zip(NAMES, (1.0, 10.0))
    ]
    assert [v.item() for v in values] == [
        (1 + 2 + 3) / 2,
        10 * (1 + 4 + 9) / 2,
    ]


def test_official_weighted_l1(figure):
    """JimmySuen: abs(pred - gt) * visible, summed, / batch."""
    pred, labels, weights = batch()
    weights[1, 2:], weights[3] = 0, 0
    official = ((pred - labels).abs() * weights).sum() / len(pred)
    got = MODELS.build(dict(type='JointL1Loss'))(pred, labels, weights)
    error = abs(got - official).item()
    figure('R6', "the official code's joint loss", error, 1e-12)


def test_gradient_is_the_sign_and_not_the_difference():
    """True L1: mmpose's SmoothL1 on [0, 1] is L2 in effect."""
    pred, labels, weights = batch()
    MODELS.build(dict(type='JointL1Loss'))(pred, labels, weights).backward()
    torch.testing.assert_close(pred.grad, (pred - labels).sign() / 4)


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('axes', [2, 3])
def test_batch_is_the_mean_of_its_halves(name, axes):
    pred, labels, weights = batch(axes)
    weights[0] = 0
    loss = MODELS.build(dict(type=name))
    halves = [
        loss(pred[i : i + 2], labels[i : i + 2], weights[i : i + 2])
        for i in (0, 2)
    ]
    torch.testing.assert_close(sum(halves) / 2, loss(pred, labels, weights))


@pytest.mark.parametrize('name', NAMES)
def test_no_weight_no_gradient(name):
    pred, labels, weights = batch()
    weights[1, :, 2], labels[1, :, 2] = 0, float('nan')
    weights[2, 0], labels[2, 0] = 0, float('inf')
    loss = MODELS.build(dict(type=name))(pred, labels, weights)
    loss.backward()
    assert loss.isfinite()
    assert (pred.grad[1, :, 2] == 0).all()
    assert (pred.grad[2, 0] == 0).all()
    assert (pred.grad[1, :, :2] != 0).all()
    assert pred.grad.isfinite().all()


@pytest.mark.parametrize('name', NAMES)
def test_nothing_visible(name):
    pred, labels, _ = batch()
    loss = MODELS.build(dict(type=name))(
        pred, labels, torch.zeros_like(labels)
    )
    loss.backward()
    assert loss.item() == 0
    assert (pred.grad == 0).all()
