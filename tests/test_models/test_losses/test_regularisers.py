"""Jensen-Shannon losses of batches; masks and counts: test_heatmap.py."""

import math

import pytest
import torch
from mmpose.registry import MODELS
from scipy.spatial.distance import jensenshannon

import integral_mmpose  # noqa: F401

SHAPES = [(2, 3, 6, 8), (2, 3, 5, 6, 8)]


def gaussian(labels, shape, sigma):
    """Maps of peak 1 around normalised labels, by broadcasting."""
    out = torch.ones(shape, dtype=torch.float64)
    for axis in range(len(shape) - 2):
        n = shape[-1 - axis]
        line = torch.arange(n) - labels[..., axis, None] * n
        line = (-(line**2) / (2 * sigma**2)).exp()
        view = [*shape[:2], *[1] * (len(shape) - 2)]
        view[len(shape) - 1 - axis] = n
        out = out * line.reshape(view)
    return out


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('sigma', [0.7, 1.0])
def test_a_batch_by_scipy(shape, sigma):
    torch.manual_seed(0)
    logits = 2 * torch.randn(shape, dtype=torch.float64)
    labels = torch.rand(*shape[:2], len(shape) - 2).double()
    weights = torch.ones_like(labels)
    probs = logits.flatten(2).softmax(-1).view(shape)
    target = gaussian(labels, shape, sigma)
    config = dict(sigma=sigma, loss_weight=2.0)
    # SciPy scales both to a sum of 1.
    expected = jensenshannon(probs.flatten(2), target.flatten(2), axis=-1)
    loss = MODELS.build(dict(type='VolumeJSLoss', **config))
    got = loss(logits, labels, weights).item()
    assert got == pytest.approx(2 * (expected**2).mean(), rel=1e-9)
    expected = 0
    for axis in range(2, len(shape)):
        others = [a for a in range(2, len(shape)) if a != axis]
        distance = jensenshannon(
            probs.sum(others), target.sum(others), axis=-1
        )
        expected += (distance**2).mean()
    loss = MODELS.build(dict(type='MarginalJSLoss', **config))
    got = loss(logits, labels, weights).item()
    assert got == pytest.approx(2 * expected, rel=1e-9)


@pytest.mark.parametrize('name', ['VolumeJSLoss', 'MarginalJSLoss'])
def test_it_trains_a_flat_map_to_the_gaussian(name):
    """0 is reached, at a place between the cells: no half cell of bias."""
    labels = torch.tensor([[[0.3, 0.6]]])
    logits = torch.zeros(1, 1, 10, 10, requires_grad=True)
    loss = MODELS.build(dict(type=name))
    optimizer = torch.optim.Adam([logits], lr=0.5)
    start = loss(logits, labels, torch.ones_like(labels)).item()
    for _ in range(200):
        optimizer.zero_grad()
        value = loss(logits, labels, torch.ones_like(labels))
        value.backward()
        optimizer.step()
    assert value < 1e-3 < 0.1 < start <= 2 * math.log(2)


def test_nothing_is_read_differently():
    for name in ('VolumeJSLoss', 'MarginalJSLoss'):
        assert MODELS.build(dict(type=name)).score == 'spread'
