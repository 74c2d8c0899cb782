"""Mirror coordinates and maps: swap left and right, mirror x.

Convention: pixel x of an image of width W lands on W - 1 - x. A coordinate is
mirrored by that rule; maps are mirrored as arrays and never shifted (a shift
of the maps biases the merged pose by more than a pixel).
"""

from typing import Sequence

import torch
from torch import Tensor


def flip_coordinates(
    coordinates: Tensor, flip_indices: Sequence[int], width: float
) -> Tensor:
    """Mirror joints: x' = width - 1 - x, y and z stay, left <-> right.

    Args:
        coordinates (Tensor): (..., K, C) in px, order x, y[, z].
        flip_indices (Sequence[int]): For each joint the index of its mirror.
        width (float): Width of the image in px.

    Returns:
        Tensor: (..., K, C).

    Example:
        >>> flip_coordinates(torch.tensor([[0., 5.], [3., 6.]]), [1, 0], 8)
        tensor([[4., 6.],
                [7., 5.]])
    """
    index = torch.as_tensor(flip_indices, device=coordinates.device)
    flipped = coordinates.index_select(-2, index)
    x = width - 1 - flipped[..., :1]
    return torch.cat([x, flipped[..., 1:]], -1)


def flip_maps(maps: Tensor, flip_indices: Sequence[int]) -> Tensor:
    """Mirror maps or volumes (B, K, [D,] H, W) and swap left and right.

    Example:
        >>> flip_maps(torch.tensor([[[[1., 2.]], [[3., 4.]]]]), [1, 0])
        tensor([[[[4., 3.]],
        <BLANKLINE>
                 [[2., 1.]]]])
    """
    index = torch.as_tensor(flip_indices, device=maps.device)
    return maps.index_select(1, index).flip(-1)
