"""Gaussian, hot cell and disc, against loops."""

import math

import pytest
import torch

from integral_mmpose.functional import (
    disc_map,
    gaussian_map,
    gaussian_vector,
    hot_cell,
    nearest_bin,
)

SIZES = {2: (5, 4), 3: (5, 4, 3)}  # w, h[, d]


def coordinates(axes, batch=2, joints=3):
    generator = torch.Generator().manual_seed(0)
    unit = torch.rand(
        batch, joints, axes, generator=generator, dtype=torch.float64
    )
    return unit * 6 - 0.5


def cells(sizes):
    """(index into the map [z,] y, x ; position x, y[, z]) of every cell."""
    for flat in range(math.prod(sizes)):
        position = []
        for size in sizes:
            position.append(flat % size)
            flat //= size
        yield tuple(reversed(position)), position


@pytest.mark.parametrize('axes', [2, 3])
@pytest.mark.parametrize('sigma', [1.0, 0.7])
def test_gaussian_map_by_a_loop(axes, sigma):
    points, sizes = coordinates(axes), SIZES[axes]
    got = gaussian_map(points, sizes, sigma)
    assert got.shape == (2, 3, *reversed(sizes))
    for index, position in cells(sizes):
        for b in range(2):
            for k in range(3):
                square = sum(
                    (p - c) ** 2
                    for p, c in zip(position, points[b, k].tolist())
                )
                expected = math.exp(-square / (2 * sigma**2))
                assert got[b, k][index].item() == pytest.approx(
                    expected, rel=1e-12
                )


def test_gaussian_peak_is_one_at_a_whole_bin():
    got = gaussian_map(torch.tensor([[[3.0, 1.0, 2.0]]]), SIZES[3])
    assert got.max() == 1 == got[0, 0, 2, 1, 3]


def test_gaussian_vector_by_hand():
    got = gaussian_vector(torch.tensor([[1.5]]), 3, 2.0)
    expected = [math.exp(-(d**2) / 8) for d in (1.5, 0.5, 0.5)]
    assert got[0, 0].tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('axes', [2, 3])
def test_disc_map_by_a_loop(axes):
    points, sizes, radii = coordinates(axes), SIZES[axes], (1.9, 1.3, 1.1)
    got = disc_map(points, sizes, radii[:axes])
    assert got.shape == (2, 3, *reversed(sizes))
    assert 0 < got.mean() < 1
    for index, position in cells(sizes):
        for b in range(2):
            for k in range(3):
                distance = sum(
                    ((p - c) / r) ** 2
                    for p, c, r in zip(position, points[b, k].tolist(), radii)
                )
                assert got[b, k][index].item() == float(distance <= 1)


def test_disc_of_the_paper():
    """15 px of a 256 px input are 3.75 bins of 64: 45 cells."""
    radius = 15 * 64 / 256
    got = disc_map(torch.tensor([[[30.0, 20.0]]]), (64, 64), (radius, radius))
    inside = sum(
        x * x + y * y <= 15**2 / 4**2
        for x in range(-9, 10)
        for y in range(-9, 10)
    )
    assert got.sum() == inside == 45
    assert got[0, 0, 20, 33] == 1
    assert got[0, 0, 20, 34] == 0


def test_a_cell_on_the_edge_of_the_disc_is_inside():
    got = disc_map(torch.tensor([[[2.0, 1.0]]]), (5, 3), (1.0, 1.0))
    assert got[0, 0].tolist() == [
        [0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 0, 0],
    ]


def test_nearest_bin_rounds_and_does_not_floor():
    values = torch.arange(0, 8, 0.01, dtype=torch.float64)
    got = nearest_bin(values, 9)
    assert (got - values).abs().max() <= 0.5
    assert abs((got - values).mean().item()) < 0.01
    # The wrong reading pulls every target half a cell to the left.
    assert (values.floor() - values).mean().item() < -0.49


def test_nearest_bin_is_clamped():
    values = torch.tensor([-0.6, -0.4, 7.4, 7.6, 7.99])
    assert nearest_bin(values, 8).tolist() == [0, 0, 7, 7, 7]


@pytest.mark.parametrize('axes', [2, 3])
def test_hot_cell_indexes_the_flattened_map(axes):
    points, sizes = coordinates(axes), SIZES[axes]
    got = hot_cell(points, sizes)
    assert got.dtype == torch.int64
    for b in range(2):
        for k in range(3):
            volume = torch.zeros(*reversed(sizes))
            index = tuple(
                min(max(round(c), 0), n - 1)
                for c, n in zip(points[b, k].tolist(), sizes)
            )
            volume[tuple(reversed(index))] = 1
            assert volume.flatten()[got[b, k]] == 1


@pytest.mark.parametrize(
    'function',
    [
        gaussian_map,
        hot_cell,
        lambda points, sizes: disc_map(points, sizes, [1.0] * len(sizes)),
    ],
)
def test_edges(function):
    """Input kept, empty batch, one sample alone, wrong number of axes."""
    points = coordinates(3)
    copy = points.clone()
    whole = function(points, SIZES[3])
    assert torch.equal(points, copy)
    assert torch.equal(whole[1:], function(points[1:], SIZES[3]))
    assert len(function(points[:0], SIZES[3])) == 0
    with pytest.raises(ValueError, match='coordinates: the axis 3 .* got 2'):
        function(points[..., :2], SIZES[3])


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_dtype_follows_the_coordinates(dtype):
    points = coordinates(2).to(dtype)
    assert gaussian_map(points, (5, 4)).dtype == dtype
    assert disc_map(points, (5, 4), (1, 1)).dtype == dtype


def test_a_far_coordinate_is_in_the_last_bin():
    """As int64 it would overflow, and be in the first."""
    far = torch.tensor([1e20, float('inf'), -1e20, -float('inf')])
    assert nearest_bin(far, 5).tolist() == [4, 4, 0, 0]
