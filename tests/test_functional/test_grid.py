"""bins <-> normalised <-> px, and depth in mm."""

import numpy as np
import pytest
import torch

from integral_mmpose.functional import (
    bins_to_norm,
    norm_to_bins,
    norm_to_px,
    px_to_norm,
)
from integral_mmpose.geometry import DEPTH_RANGE_MM, mm_to_norm, norm_to_mm

SIZES = (16, 8, 4)  # w, h, d
INPUT = (64, 48)


def test_hand_values():
    bins = torch.tensor([[3.0, 3.0, 3.0], [15.0, 7.0, 1.0]])
    norm = bins_to_norm(bins, SIZES)
    assert norm.tolist() == [[3 / 16, 3 / 8, 3 / 4], [15 / 16, 7 / 8, 1 / 4]]
    assert norm_to_px(norm[..., :2], INPUT).tolist() == [[12, 18], [60, 42]]
    assert norm_to_mm(norm[..., 2]).tolist() == [500, -500]
    assert px_to_norm(torch.tensor([16.0, 36.0]), INPUT).tolist() == [
        0.25,
        0.75,
    ]
    assert norm_to_bins(torch.tensor([0.25, 0.75]), (16, 8)).tolist() == [4, 6]
    assert mm_to_norm(torch.tensor([-1000.0, 0.0, 250.0])).tolist() == [
        0,
        0.5,
        0.625,
    ]


def test_left_edge_and_not_cell_centre():
    """Bin 3 of 16 over 64 px is the pixel 12: the left edge of its cell."""
    norm = bins_to_norm(torch.tensor([3.0, 0.0]), (16, 16))
    pixel = norm_to_px(norm, (64, 64))[0].item()
    assert pixel == 12
    centre_half_px = (3 + 0.5) * 64 / 16 - 0.5
    centre = (3 + 0.5) * 64 / 16
    align_corners = 3 * (64 - 1) / (16 - 1)
    for wrong in (centre_half_px, centre, align_corners):
        assert abs(pixel - wrong) > 0.5


def test_root_lies_at_the_middle_bin():
    """Depth 0 is bin D / 2, and not the middle (D - 1) / 2 of the bins."""
    bins = norm_to_bins(torch.tensor([0.0, 0.0, mm_to_norm(0.0)]), SIZES)
    assert bins[2] == 2.0 != (SIZES[2] - 1) / 2


def test_order_is_width_first():
    one = torch.ones(2, 5, 2)
    assert (norm_to_px(one, INPUT)[..., 0] == 64).all()
    assert (norm_to_px(one, INPUT)[..., 1] == 48).all()


@pytest.mark.parametrize(
    'there, back, sizes',
    [
        (bins_to_norm, norm_to_bins, SIZES),
        (norm_to_bins, bins_to_norm, SIZES),
        (px_to_norm, norm_to_px, (64, 48, 5)),
        (norm_to_px, px_to_norm, (64, 48, 5)),
        (mm_to_norm, norm_to_mm, 1700.0),
        (norm_to_mm, mm_to_norm, 1700.0),
    ],
)
@pytest.mark.parametrize('library', ['numpy', 'torch'])
def test_inverse_type_and_no_change_of_the_input(there, back, sizes, library):
    values = np.random.default_rng(0).uniform(-2, 3, (2, 5, 3))
    if library == 'torch':
        values = torch.from_numpy(values)
    copy = np.array(values)
    result = back(there(values, sizes), sizes)
    assert type(result) is type(values)
    assert result.dtype == values.dtype
    np.testing.assert_allclose(np.array(result), copy, rtol=0, atol=1e-12)
    assert np.array_equal(np.array(values), copy)


@pytest.mark.parametrize('dtype', [torch.float16, torch.float32])
def test_dtype_is_kept(dtype):
    assert bins_to_norm(torch.ones(1, 3, dtype=dtype), SIZES).dtype == dtype


def test_a_depth_range_for_each_sample():
    ranges = np.array([[2000.0], [1000.0]])
    assert norm_to_mm(np.full((2, 3), 0.75), ranges)[:, 0].tolist() == [
        500,
        250,
    ]
    assert DEPTH_RANGE_MM == 2000


def test_empty():
    assert bins_to_norm(torch.zeros(0, 5, 3), SIZES).shape == (0, 5, 3)
