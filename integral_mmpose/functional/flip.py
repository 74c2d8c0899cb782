"""Mirror coordinates and maps: swap left and right, mirror x.

Convention: pixel x of an image of width W lands on W - 1 - x. A coordinate is
mirrored by that rule. Bin i of n stands for pixel i * W / n, so that the
mirrored maps, reversed as arrays, lie 1 - n / W bins too far left:

    x = W - 1 - j * W / n  =>  i = n - n / W - j = (n - 1 - j) + (1 - n / W)

They are moved by that much before they are averaged.
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

    Raises:
        ValueError: If ``flip_indices`` does not list every joint once.

    Example:
        >>> flip_coordinates(torch.tensor([[0., 5.], [3., 6.]]), [1, 0], 8)
        tensor([[4., 6.],
                [7., 5.]])
    """
    flipped = _swap(coordinates, -2, flip_indices)
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
    return _swap(maps, 1, flip_indices).flip(-1)


def merge_flipped_maps(
    maps: Tensor,
    flipped: Tensor,
    flip_indices: Sequence[int],
    width: float,
    align: bool = True,
) -> Tensor:
    """Average maps with those of the mirrored image (the flip test).

    Args:
        maps (Tensor): (B, K, [D,] H, W) of an image.
        flipped (Tensor): The same of the mirrored image.
        flip_indices (Sequence[int]): For each joint the index of its mirror.
        width (float): Width of the image in px, at least that of the maps.
        align (bool): Move the reversed maps by 1 - n / width bins, linearly
            interpolated; the border is repeated. False: as Newell et al.
            (2016) average them, up to one bin aside.

    Returns:
        Tensor: (B, K, [D,] H, W).

    Raises:
        ValueError: If the maps are wider than the image.

    Example:
        >>> maps = torch.tensor([0., 8., 0., 0.]).view(1, 1, 1, 4)
        >>> other = torch.tensor([0., 0., 8., 0.]).view(1, 1, 1, 4)
        >>> merge_flipped_maps(maps, other, [0], 8).tolist()
        [[[[0.0, 6.0, 2.0, 0.0]]]]
    """
    shift = 1 - maps.shape[-1] / width
    if shift < 0:
        raise ValueError(
            f'maps of {maps.shape[-1]} bins are wider than the image of '
            f'{width} px'
        )
    mirrored = flip_maps(flipped, flip_indices)
    if align:
        right = torch.cat([mirrored[..., :1], mirrored[..., :-1]], -1)
        mirrored = (1 - shift) * mirrored + shift * right
    return (maps + mirrored) / 2


def _swap(values: Tensor, axis: int, flip_indices: Sequence[int]) -> Tensor:
    """Put each joint where its mirror was."""
    joints = values.shape[axis]
    if sorted(flip_indices) != list(range(joints)):
        raise ValueError(
            f'flip_indices must list each of the {joints} joints once, got '
            f'{list(flip_indices)}'
        )
    index = torch.as_tensor(flip_indices, device=values.device)
    return values.index_select(axis, index)
