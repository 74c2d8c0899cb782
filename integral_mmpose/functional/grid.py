"""The coordinate convention: bins <-> normalised <-> px, and depth in mm.

Convention: left edge, 0-based, as in MMPose and in the paper's public code.
Bin i of n bins over S pixels stands for the pixel i * S / n::

    pixel   0   1   2   3   4   5   6   7        S = 8
            |       |       |       |
    bin     0       1       2       3            n = 4

so 4 bins over 8 pixels stand for the pixels 0, 2, 4 and 6, and not for the
cell centres 0.5, 2.5, 4.5, 6.5. The normalised coordinate is i / n. Depth is
relative to the root joint, which lies at the middle bin: z_mm =
(i / D - 0.5) * depth_range. Orders are (x, y[, z]) and (w, h[, d]).

Every other file converts by these functions only.
"""

from typing import Sequence

import numpy as np
import torch


def bins_to_norm(bins, sizes: Sequence[int]):
    """Divide bin coordinates (..., C) by the number of bins of each axis.

    A tensor gives a tensor, an array an array.

    Example:
        >>> bins_to_norm(torch.tensor([2., 3.]), (4, 4))
        tensor([0.5000, 0.7500])
    """
    return bins / _like(sizes, bins)


def norm_to_bins(norm, sizes: Sequence[int]):
    """Multiply normalised coordinates by the number of bins of each axis.

    Example:
        >>> norm_to_bins(torch.tensor([0.5, 0.75]), (4, 4))
        tensor([2., 3.])
    """
    return norm * _like(sizes, norm)


#: Pixels of the network input of the size (w, h), (..., 2), in the same way.
px_to_norm, norm_to_px = bins_to_norm, norm_to_bins


def bin_numbers(size: int, like: torch.Tensor) -> torch.Tensor:
    """The bins 0, 1, ..., size - 1, of the dtype and device of a tensor."""
    return torch.arange(size, dtype=like.dtype, device=like.device)


def _like(sizes, array):
    if isinstance(array, torch.Tensor):
        return torch.as_tensor(sizes, dtype=array.dtype, device=array.device)
    return np.asarray(sizes, dtype=array.dtype)
