"""Mirror of coordinates and maps, and what a shifted map does instead."""

import pytest
import torch

from integral_mmpose.functional import (
    bins_to_norm,
    flip_coordinates,
    flip_maps,
    integral,
    merge_flipped_maps,
    norm_to_px,
    px_to_norm,
)

PAIRS = [0, 2, 1, 3, 4]


def test_hand_values():
    """x' = W - 1 - x, y and z stay, joints 1 and 2 change places."""
    coordinates = torch.tensor(
        [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]
    )
    got = flip_coordinates(coordinates, [0, 2, 1], 10)
    assert got.tolist() == [[9, 1, 2], [3, 7, 8], [6, 4, 5]]


def test_pixel_rule_and_not_the_image_edge():
    """The first pixel lands on the last one, W - 1, and not on W."""
    got = flip_coordinates(torch.tensor([[0.0, 0.0]]), [0], 64)[0, 0].item()
    assert got == 63 != 64


@pytest.mark.parametrize('axes', [2, 3])
def test_twice_is_the_identity(axes):
    coordinates = torch.randn(3, 4, 5, axes, dtype=torch.float64)
    copy = coordinates.clone()
    got = flip_coordinates(coordinates, PAIRS, 48)
    assert got.dtype == torch.float64
    torch.testing.assert_close(
        flip_coordinates(got, PAIRS, 48), copy, rtol=0, atol=1e-12
    )
    assert torch.equal(coordinates, copy)


@pytest.mark.parametrize('shape', [(2, 5, 3, 4), (2, 5, 6, 3, 4)])
def test_maps_by_a_loop(shape):
    maps = torch.randn(shape)
    got = flip_maps(maps, PAIRS)
    for joint in range(5):
        for x in range(4):
            assert torch.equal(
                got[:, joint, ..., x], maps[:, PAIRS[joint], ..., 3 - x]
            )


def test_an_image_and_its_joints_mirror_together():
    """A bright pixel is where its mirrored coordinate says."""
    image = torch.zeros(1, 1, 6, 8)
    image[0, 0, 2, 5] = 1
    x, y = flip_coordinates(torch.tensor([[5.0, 2.0]]), [0], 8)[0].long()
    assert flip_maps(image, [0])[0, 0, y, x] == 1


def predicted(x_px, bins, side):
    """Logits of an ideal network that sees its joint at a pixel."""
    centre = x_px * bins / side
    grid = torch.arange(bins, dtype=torch.float64)
    row = -((grid - centre) ** 2) / 2
    column = -((grid - bins / 2) ** 2) / 2
    return (column[:, None] + row)[None, None]


@pytest.mark.parametrize('bins, side', [(16, 64), (64, 256), (32, 256)])
def test_flip_test_of_coordinates_has_no_bias_and_of_maps_has(
    bins, side, figure
):
    x = 0.4 * side
    logits, mirrored = (predicted(p, bins, side) for p in (x, side - 1 - x))

    def to_px(maps):
        return norm_to_px(
            bins_to_norm(integral(maps), (bins, bins)), (side, side)
        )

    merged = (to_px(logits) + flip_coordinates(to_px(mirrored), [0], side)) / 2
    what = 'bias of a flip test, px'
    figure('R3', what, abs(merged[0, 0, 0] - x), 1e-3)
    # The wrong readings: mirror the maps, then shift them by a bin or not.
    cell = side / bins
    plain = to_px(flip_maps(mirrored, [0]))[0, 0, 0].item()
    assert plain - x == pytest.approx(1 - cell, abs=1e-3)
    figure('R3', what, abs(plain - x), 1e-3, upstream=True)
    shifted = flip_maps(mirrored, [0]).roll(1, -1)
    assert to_px(shifted)[0, 0, 0].item() - x == pytest.approx(1, abs=1e-3)


def test_commutes_with_normalisation():
    """(W - 1) / W - x in normalised space is the same mirror."""
    px = torch.rand(2, 5, 2, dtype=torch.float64) * 48
    flipped = px_to_norm(flip_coordinates(px, PAIRS, 48), (48, 64))
    expected = px_to_norm(px, (48, 64))[:, PAIRS]
    expected[..., 0] = 47 / 48 - expected[..., 0]
    torch.testing.assert_close(flipped, expected)


def test_empty_batch():
    assert flip_coordinates(torch.zeros(0, 5, 3), PAIRS, 8).shape == (0, 5, 3)
    assert flip_maps(torch.zeros(0, 5, 4, 6), PAIRS).shape == (0, 5, 4, 6)


def gaussian_line(centre, bins):
    """(1, 1, 1, bins) with its mean at a centre that is no whole bin."""
    return torch.exp(-((torch.arange(bins).double() - centre) ** 2) / 2).view(
        1, 1, 1, bins
    )


@pytest.mark.parametrize(('bins', 'width'), [(16, 128), (32, 64), (24, 24)])
def test_a_perfect_pair_merges_into_its_own_peak(bins, width):
    for place in range(6, bins - 6):
        # The pixel rule: place * W / n lands on W - 1 - place * W / n.
        other = (width - 1 - place * width / bins) * bins / width
        pair = gaussian_line(place, bins), gaussian_line(other, bins)
        merged = merge_flipped_maps(*pair, [0], width)
        assert merged.argmax() == place
        mean = (merged * torch.arange(bins)).sum() / merged.sum()
        assert mean.item() == pytest.approx(place, abs=1e-3)
        # The wrong reading lies half of 1 - n / W bins aside.
        aside = merge_flipped_maps(*pair, [0], width, align=False)
        mean = (aside * torch.arange(bins)).sum() / aside.sum()
        assert mean.item() == pytest.approx(
            place - (1 - bins / width) / 2, abs=1e-3
        )


@pytest.mark.parametrize('shape', [(2, 3, 4, 5), (2, 3, 6, 4, 5)])
def test_merged_maps_by_a_loop(shape):
    pairs, width = [1, 0, 2], 20
    maps, other = torch.randn(2, *shape, dtype=torch.float64)
    got = merge_flipped_maps(maps, other, pairs, width)
    bins = shape[-1]
    shift = 1 - bins / width
    for joint in range(3):
        for i in range(bins):
            here = other[:, pairs[joint], ..., bins - 1 - i]
            left = other[:, pairs[joint], ..., min(bins - i, bins - 1)]
            expected = (1 - shift) * here + shift * left
            expected = (maps[:, joint, ..., i] + expected) / 2
            torch.testing.assert_close(got[:, joint, ..., i], expected)


def test_maps_wider_than_the_image_are_refused():
    maps = torch.zeros(1, 1, 2, 9)
    with pytest.raises(ValueError, match='9 bins are wider .* 8 px'):
        merge_flipped_maps(maps, maps, [0], 8)


@pytest.mark.parametrize('table', [[1, 0], [0, 1, 1], [0, 1, 2, 3]])
def test_a_table_of_other_joints_is_refused(table):
    with pytest.raises(ValueError, match='each of the 3 joints once'):
        flip_coordinates(torch.zeros(2, 3, 2), table, 8)
    with pytest.raises(ValueError, match='each of the 3 joints once'):
        flip_maps(torch.zeros(2, 3, 4, 5), table)
