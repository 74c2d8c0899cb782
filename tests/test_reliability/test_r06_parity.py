"""R6, parity: the formulas of dsntnn and of the official code.

dsntnn (Nibali et al.) measures in (-1, 1) from the outer edges of the cells,
so that its points are those of the cells' centres. Its formulas are written
out here, independently of the code under test.
"""

import pytest
import torch
from mmpose.registry import MODELS

from integral_mmpose.functional import (
    gaussian_map,
    integral,
    joint_l1,
    joint_l2,
    marginals,
    sum_over_count,
)

PROVED_BY = (
    'test_functional/test_integral.py::test_official_formula',
    'test_functional/test_integral.py::test_dsntnn_formula',
    'test_models/test_losses/test_joint.py::test_official_weighted_l1',
    'test_models/test_losses/test_heatmap.py'
    '::test_h1_of_a_batch_by_its_definition',
    'test_models/test_losses/test_heatmap.py::test_h2_of_a_batch_by_torch',
    'test_models/test_losses/test_heatmap.py'
    '::test_h1_on_heat_vectors_by_its_definition',
)
SHAPES = [(2, 3, 5, 7), (2, 3, 4, 5, 6)]


def centres(n):
    """-(n - 1) / n to (n - 1) / n: the middles of n cells of (-1, 1)."""
    return torch.tensor([(2 * i + 1) / n - 1 for i in range(n)])


def to_centres(bins, sizes):
    """Bin i of n lies at (2 i + 1) / n - 1."""
    return (2 * bins + 1) / torch.tensor(sizes) - 1


def draw(shape):
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(shape, generator=generator)
    sizes = shape[:1:-1]
    share = torch.rand(*shape[:2], len(sizes), generator=generator)
    return logits, share * (torch.tensor(sizes) - 1), sizes


def other_axes(shape, axis):
    """All axes of a map but that of x, y or z."""
    return [a for a in range(2, len(shape)) if a != len(shape) - 1 - axis]


@pytest.mark.parametrize('shape', SHAPES)
def test_gaussian_targets(shape, figure):
    """exp(-(x - m)^2 / (2 s^2)), s = 2 sigma / n, for each axis."""
    _, bins, sizes = draw(shape)
    means = to_centres(bins, sizes)
    expected = torch.ones(shape)
    for axis, n in enumerate(sizes):
        line = centres(n) - means[..., axis, None]
        line = (-(line**2) / (2 * (2 * 1.5 / n) ** 2)).exp()
        wide = [1] * len(sizes)
        wide[-1 - axis] = n
        expected = expected * line.view(*shape[:2], *wide)
    found = gaussian_map(bins, sizes, 1.5)
    figure('R6', "dsntnn's Gaussians", (found - expected).abs().max(), 1e-6)


@pytest.mark.parametrize('shape', SHAPES)
def test_variance_of_a_heat_map(shape, figure):
    """E[(x - m)^2] (n / 2)^2 in their units is that of the bins in ours."""
    logits, _, sizes = draw(shape)
    probs = logits.flatten(2).softmax(-1).view(shape)
    worst = 0.0
    for axis, (n, vector) in enumerate(zip(sizes, marginals(logits))):
        others = [
            a for a in range(2, len(shape)) if a != len(shape) - 1 - axis
        ]
        line = probs.sum(others)
        mean = (line * centres(n)).sum(-1, keepdim=True)
        theirs = (line * (centres(n) - mean) ** 2).sum(-1) * (n / 2) ** 2
        place = integral(logits)[..., axis, None]
        ours = (vector * (torch.arange(n) - place) ** 2).sum(-1)
        worst = max(worst, ((ours - theirs) / theirs).abs().max().item())
    figure('R6', "dsntnn's variance, relative", worst, 1e-5)


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('ours, power', [(joint_l1, 1), (joint_l2, 2)])
def test_joint_losses(shape, ours, power, figure):
    """Their mean over axes, then over the joints of a mask."""
    logits, bins, sizes = draw(shape)
    probs = logits.flatten(2).softmax(-1).view(shape)
    theirs = []
    for axis, n in enumerate(sizes):
        others = [
            a for a in range(2, len(shape)) if a != len(shape) - 1 - axis
        ]
        theirs.append((probs.sum(others) * centres(n)).sum(-1))
    difference = torch.stack(theirs, -1) - to_centres(bins, sizes)
    losses = (difference.abs() ** power).mean(-1)
    mask = torch.tensor([[1.0, 0, 1], [0, 1, 1]])
    expected = (losses * mask).sum() / mask.sum()
    found = ours(to_centres(integral(logits), sizes), to_centres(bins, sizes))
    count = int(mask.sum()) * len(sizes)
    found = sum_over_count(found, mask[..., None].expand_as(found), count)
    figure('R6', "dsntnn's losses", (found - expected).abs(), 1e-6)


def test_upstream_its_l1_is_not_l1(figure):
    """The zoo's loss is SmoothL1 on 0..1: the half of the square."""
    pred = torch.tensor([[[0.3, 0.6]]])
    target, weights = torch.zeros(1, 1, 2), torch.ones(1, 1, 2)
    smooth = MODELS.build(dict(type='SmoothL1Loss', use_target_weight=True))
    ours = MODELS.build(dict(type='JointL1Loss'))
    difference = smooth(pred, target, weights) * 2 - ours(
        pred, target, weights
    )
    figure('R6', "dsntnn's losses", difference.abs(), 1e-6, upstream=True)
