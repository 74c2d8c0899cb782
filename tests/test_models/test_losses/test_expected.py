"""Expected joint error against a sum over all cells of the volume."""

import itertools

import pytest
import torch
from mmpose.registry import MODELS

from integral_mmpose.functional import bins_to_norm, integral, map_sizes

SHAPES = [(4, 3, 6, 8), (4, 3, 5, 6, 8)]


def build(**kwargs):
    return MODELS.build(dict(type='ExpectedErrorLoss', **kwargs))


def batch(shape):
    torch.manual_seed(0)
    logits = 2 * torch.randn(shape, dtype=torch.float64)
    labels = torch.rand(*shape[:2], len(shape) - 2).double()
    return logits.requires_grad_(), labels, torch.ones_like(labels)


@pytest.mark.parametrize('shape', SHAPES)
def test_by_a_loop_over_the_cells(shape):
    """Mean over cells p of |p - p*|_1, every axis as a fraction."""
    logits, labels, weights = batch(shape)
    probs = logits.detach().flatten(2).softmax(-1).view(shape)
    expected = 0.0
    for index in itertools.product(*map(range, shape)):
        b, k, *cell = index
        for axis, i in enumerate(reversed(cell)):
            place = i / shape[-1 - axis]
            distance = abs(place - labels[b, k, axis].item())
            expected += probs[index].item() * distance
    got = build(loss_weight=3.0)(logits, labels, weights)
    assert got.item() == pytest.approx(3 * expected / shape[0], rel=1e-12)


def test_by_hand():
    """Half the weight 2 bins to the left, half on the joint: 1/4 of 4."""
    logits = torch.full((1, 1, 4, 4), -1e4)
    logits[0, 0, 1, 1] = logits[0, 0, 1, 3] = 0
    labels = torch.tensor([[[0.75, 0.25]]])
    assert build()(logits, labels, torch.ones(1, 1, 2)).item() == 0.25
    # The integral loss is blind to two modes around the joint.
    labels = torch.tensor([[[0.5, 0.25]]])
    one = MODELS.build(dict(type='JointL1Loss'))
    pred = bins_to_norm(integral(logits), (4, 4))
    assert one(pred, labels, torch.ones(1, 1, 2)).item() == 0
    assert build()(logits, labels, torch.ones(1, 1, 2)).item() == 0.25


@pytest.mark.parametrize('shape', SHAPES)
def test_it_bounds_the_integral_loss(shape):
    logits, labels, weights = batch(shape)
    pred = bins_to_norm(integral(logits), map_sizes(logits))
    one = MODELS.build(dict(type='JointL1Loss'))(pred, labels, weights)
    assert build()(logits, labels, weights) > one
    # With all weight on one cell they are the same.
    sharp = 1e4 * logits.detach()
    pred = bins_to_norm(integral(sharp), map_sizes(logits))
    one = MODELS.build(dict(type='JointL1Loss'))(pred, labels, weights)
    torch.testing.assert_close(build()(sharp, labels, weights), one)


@pytest.mark.parametrize('shape', SHAPES)
def test_gradient(shape):
    logits, labels, weights = batch((1, 2, *shape[2:]))
    weights[0, 0, 1] = 0.5
    assert torch.autograd.gradcheck(
        lambda maps: build()(maps, labels, weights), (logits,)
    )


def test_2d_sample_trains_x_and_y_and_its_z_label_is_never_seen():
    logits, labels, weights = batch(SHAPES[1])
    weights[1:3, :, 2] = 0

    def gradient(labels):
        maps = logits.detach().clone().requires_grad_()
        build()(maps, labels, weights).backward()
        return maps.grad

    first = gradient(labels)
    for z in (0.0, 0.9, float('nan')):
        other = labels.clone()
        other[1:3, :, 2] = z
        assert torch.equal(gradient(other), first)
    # The oracle: the 2D loss on the volume summed over depth in log space.
    flat = logits.detach().clone().requires_grad_()
    build()(flat.logsumexp(2), labels[..., :2], weights[..., :2]).backward()
    torch.testing.assert_close(first[1:3], flat.grad[1:3])
    # A 3D sample does see its z.
    other = labels.clone()
    other[0, :, 2] = 1 - other[0, :, 2]
    assert not torch.equal(gradient(other)[0], first[0])


@pytest.mark.parametrize('shape', SHAPES)
def test_weights_and_the_fixed_count(shape):
    logits, labels, weights = batch(shape)
    weights[0], weights[1, 0] = 0, 0
    labels[0], labels[1, 0] = float('inf'), float('nan')
    whole = build()(logits, labels, weights)
    halves = [
        build()(logits[i : i + 2], labels[i : i + 2], weights[i : i + 2])
        for i in (0, 2)
    ]
    torch.testing.assert_close(sum(halves) / 2, whole)
    whole.backward()
    assert logits.grad.isfinite().all()
    assert (logits.grad[0] == 0).all() and (logits.grad[1, 0] == 0).all()
    assert (logits.grad[1, 1] != 0).any()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_in_autocast(dtype, autocast):
    logits, labels, weights = batch(SHAPES[1])
    logits = logits.detach().to(dtype)
    exact = build()(logits.double(), labels, weights)
    with autocast(dtype):
        got = build()(logits, labels.float(), weights.float())
    assert got.dtype == torch.float32
    assert abs(got.item() - exact.item()) <= 1e-4
