"""Losses against torch's own, hand values and loops."""

import math

import pytest
import torch

from integral_mmpose import functional as F

SIZES = (7, 5, 4)


@pytest.fixture(params=[2, 3])
def case(request):
    generator = torch.Generator().manual_seed(request.param)
    sizes = SIZES[: request.param]
    logits = torch.randn(
        2, 3, *reversed(sizes), generator=generator, dtype=torch.float64
    )
    coordinates = (
        torch.rand(2, 3, len(sizes), generator=generator, dtype=torch.float64)
        * 3
    )
    return logits, coordinates, sizes


def test_h1_is_the_squared_error_over_the_targets_energy(case):
    maps, coordinates, sizes = case
    target = F.gaussian_map(coordinates, sizes)
    expected = ((maps - target) ** 2).flatten(2).sum(2) / (target**2).flatten(
        2
    ).sum(2)
    torch.testing.assert_close(
        F.map_squared_error(maps, coordinates), expected
    )
    # An empty map costs 1 whatever the size; a perfect one costs nothing.
    empty = F.map_squared_error(torch.zeros_like(maps), coordinates)
    torch.testing.assert_close(empty, torch.ones_like(empty))
    assert (F.map_squared_error(target, coordinates) == 0).all()


def test_h2_equals_torch(case):
    logits, coordinates, sizes = case
    cell = F.hot_cell(coordinates, sizes)
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(2).flatten(0, 1), cell.flatten(), reduction='none'
    ).view(2, 3)
    torch.testing.assert_close(
        F.map_cross_entropy(logits, coordinates), expected
    )


def test_h3_equals_torch(case):
    logits, coordinates, sizes = case
    radii = [0.2 * n for n in sizes]
    target = F.disc_map(coordinates, sizes, radii)
    expected = (
        torch.nn.functional.binary_cross_entropy(
            logits.sigmoid(), target, reduction='none'
        )
        .flatten(2)
        .mean(2)
    )
    found = F.map_binary_cross_entropy(logits, coordinates, radii)
    torch.testing.assert_close(found, expected)


def test_vector_losses_by_hand():
    vector = torch.tensor([[[0.1, 0.7, 0.2]]], dtype=torch.float64)
    center = torch.tensor([[1.4]], dtype=torch.float64)
    found = F.vector_cross_entropy(vector.log(), center)
    assert found.item() == pytest.approx(-torch.tensor(0.7).log().item())
    weights = torch.tensor(
        [-(1.4**2) / 2, -(0.4**2) / 2, -(0.6**2) / 2], dtype=torch.float64
    ).softmax(0)
    expected = ((vector[0, 0] - weights) ** 2).sum() / (weights**2).sum()
    found = F.vector_squared_error(vector, center)
    assert found.item() == pytest.approx(expected.item())


def test_h2_is_accurate_at_extremes():
    """Never log(softmax): a cell 300 below the peak costs 300."""
    logits = torch.zeros(1, 1, 2, 2)
    logits[0, 0, 0, 0] = 300.0
    loss = F.map_cross_entropy(logits, torch.ones(1, 1, 2))
    assert loss.item() == pytest.approx(300, abs=1e-4)
    vectors = F.log_marginals(logits)
    loss = F.vector_cross_entropy(vectors.x, torch.ones(1, 1))
    # Two cells of logit 0 lie in that column: 300 - log 2.
    assert loss.item() == pytest.approx(300 - math.log(2), abs=1e-4)


def test_joint_losses():
    pred, target = torch.tensor([1.0, -2.0]), torch.tensor([3.0, -5.0])
    assert F.joint_l1(pred, target).tolist() == [2.0, 3.0]
    assert F.joint_l2(pred, target).tolist() == [4.0, 9.0]


def test_masked_values_cannot_reach_value_or_gradient():
    pred = torch.tensor([1.0, 2.0, float('nan')], requires_grad=True)
    weights = torch.tensor([1.0, 0.0, 0.0])
    target = F.mask_coordinates(
        torch.tensor([0.5, float('nan'), float('inf')]), weights
    )
    loss = F.masked_mean(F.joint_l1(pred, target), weights, 3)
    loss.backward()
    assert loss.item() == pytest.approx(0.5 / 3)
    assert pred.grad[1] == 0


def test_fixed_count_agrees_between_processes():
    """A mean over visible joints would not: 0.5 * (a + b) != the whole."""
    errors = torch.tensor([[4.0, 2.0], [6.0, 8.0]])
    weights = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    whole = F.masked_mean(errors, weights, 4)
    halves = [F.masked_mean(errors[i], weights[i], 2) for i in range(2)]
    assert whole == sum(halves) / 2 == 18 / 4
    visible = [4.0, (6 + 8) / 2]
    assert sum(visible) / 2 != 18 / 3
    assert F.masked_mean(errors[:0], weights[:0], 0) == 0
    with pytest.raises(ValueError, match='weights'):
        F.masked_mean(errors, weights[0], 4)
