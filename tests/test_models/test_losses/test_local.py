"""The local joint loss against a loop over the cells of each window."""

import itertools
import math

import pytest
import torch
from mmpose.registry import MODELS

import integral_mmpose  # noqa: F401

SHAPES = [(3, 2, 6, 8), (3, 2, 5, 6, 8)]


def build(**kwargs):
    return MODELS.build(dict(type='LocalJointL1Loss', **kwargs))


def batch(shape):
    """Maps of one clear maximum each, and joints one cell beside it."""
    torch.manual_seed(0)
    maps = 0.3 * torch.rand(shape, dtype=torch.float64)
    axes = len(shape) - 2
    sizes = torch.tensor(list(reversed(shape[2:])))
    cells = torch.stack([torch.randint(int(n), shape[:2]) for n in sizes], -1)
    for b, k in itertools.product(*map(range, shape[:2])):
        maps[(b, k, *reversed(cells[b, k].tolist()))] = 1
    labels = (cells + torch.rand(*shape[:2], axes) * 2 - 1) / sizes
    return maps.requires_grad_(), labels.double(), torch.ones_like(labels)


def by_loop(maps, label, radius, temperature):
    """The error of one joint: mean of exp(V / T) in the window, and |.|."""
    shape = maps.shape
    centre = max(
        itertools.product(*map(range, shape)), key=lambda c: maps[c].item()
    )
    total, mean = 0.0, [0.0] * len(shape)
    for cell in itertools.product(*map(range, shape)):
        if max(abs(a - b) for a, b in zip(cell, centre)) > radius:
            continue
        weight = math.exp(maps[cell].item() / temperature)
        total += weight
        mean = [m + weight * i for m, i in zip(mean, cell)]
    place = [m / total / n for m, n in zip(mean, shape)][::-1]
    return [abs(p - q) for p, q in zip(place, label.tolist())]


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize(('radius', 'temperature'), [(2, 0.1), (1, 0.5)])
def test_by_a_loop(shape, radius, temperature):
    maps, labels, weights = batch(shape)
    expected = sum(
        sum(by_loop(maps[b, k], labels[b, k], radius, temperature))
        for b, k in itertools.product(*map(range, shape[:2]))
    )
    loss = build(radius=radius, temperature=temperature, loss_weight=3.0)
    got = loss(maps, labels, weights).item()
    assert got == pytest.approx(3 * expected / shape[0], rel=1e-9)


@pytest.mark.parametrize('shape', SHAPES)
def test_gradient(shape):
    maps, labels, weights = batch((1, 2, *shape[2:]))
    weights[0, 0, 1] = 0.5
    assert torch.autograd.gradcheck(
        lambda maps: build()(maps, labels, weights), (maps,)
    )


def test_a_joint_outside_the_window_is_left_alone():
    """2.5 cells away on one axis is inside, 2.6 is not, on any axis."""
    maps = torch.zeros(1, 3, 12, 12, dtype=torch.float64)
    maps[:, :, 6, 6] = 1
    maps.requires_grad_()
    labels = torch.tensor([[[8.5, 6.2], [8.6, 6.2], [6.2, 3.4]]]) / 12
    build()(maps, labels.double(), torch.ones(1, 3, 2)).backward()
    assert maps.grad[0, 0].any()
    assert not maps.grad[0, 1].any() and not maps.grad[0, 2].any()
    assert not maps.grad[0, 0, :, :4].any()  # nor any cell outside it
    # Divided by the batch, whatever was left out.
    alone = build()(maps[:, :1], labels[:, :1], torch.ones(1, 1, 2))
    whole = build()(maps, labels, torch.ones(1, 3, 2))
    torch.testing.assert_close(alone, whole)


def test_a_sample_without_depth():
    """Its z label is never seen, and its x and y are trained."""
    maps, labels, weights = batch(SHAPES[1])
    weights[1, :, 2] = 0

    def gradient(labels):
        copy = maps.detach().clone().requires_grad_()
        build()(copy, labels, weights).backward()
        return copy.grad

    first = gradient(labels)
    assert first[1].any()
    for z in (0.0, 0.99, float('nan')):
        other = labels.clone()
        other[1, :, 2] = z
        assert torch.equal(gradient(other), first)


def test_wrong_numbers():
    for wrong in (dict(radius=-1), dict(radius=1.5), dict(temperature=0)):
        with pytest.raises(ValueError, match='must be'):
            build(**wrong)
    with pytest.raises(ValueError, match='set a radius of at most 2'):
        build(radius=3)(*batch(SHAPES[0]))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_in_autocast(dtype, autocast):
    maps, labels, weights = batch(SHAPES[1])
    maps = maps.detach().to(dtype)
    exact = build()(maps.double(), labels, weights)
    with autocast(dtype):
        got = build()(maps, labels.float(), weights.float())
    assert got.dtype == torch.float32
    assert abs(got.item() - exact.item()) <= 1e-4
