"""Targets of the heat map losses, made from coordinates on their device.

H1 is a Gaussian, H2 one hot cell, H3 a disc around the joint. A volume of
18 x 64^3 floats is 19 MB a sample: these functions run inside the loss, on
the device of the model, and never in the data loader.

Convention: coordinates are (B, K, C) in bins, order x, y[, z]; sizes are
(w, h[, d]); maps come out as (B, K, [D,] H, W).
"""

from typing import Sequence

import torch
from torch import Tensor

from .check import check_shape


def gaussian_vector(center: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussian of peak 1 around a coordinate.

    Args:
        center (Tensor): (B, K) coordinate in bins.
        size (int): Number of bins n.
        sigma (float): Standard deviation in bins.

    Returns:
        Tensor: (B, K, n). Divide by its sum for a distribution.

    Example:
        >>> gaussian_vector(torch.tensor([[1.]]), 3, 1.)
        tensor([[[0.6065, 1.0000, 0.6065]]])
    """
    bins = torch.arange(size, dtype=center.dtype, device=center.device)
    return (-((bins - center[..., None]) ** 2) / (2 * sigma**2)).exp()


def gaussian_map(
    coordinates: Tensor, sizes: Sequence[int], sigma: float = 1.0
) -> Tensor:
    """Gaussian target of H1: a product of one Gaussian per axis, peak 1.

    Args:
        coordinates (Tensor): (B, K, C) in bins.
        sizes (Sequence[int]): (w, h[, d]).
        sigma (float): Standard deviation in bins. Defaults to 1, the paper.

    Returns:
        Tensor: (B, K, [D,] H, W).

    Example:
        >>> gaussian_map(torch.tensor([[[1., 0.]]]), (3, 1))
        tensor([[[[0.6065, 1.0000, 0.6065]]]])
    """
    check_shape(coordinates, f'B K {len(sizes)}', 'coordinates')
    volume = gaussian_vector(coordinates[..., 0], sizes[0], sigma)
    for axis, size in enumerate(sizes[1:], 1):
        vector = gaussian_vector(coordinates[..., axis], size, sigma)
        vector = vector.reshape(*vector.shape, *[1] * axis)
        volume = vector * volume.unsqueeze(2)
    return volume


def nearest_bin(coordinate: Tensor, size: int) -> Tensor:
    """Index of the hot cell of H2 along one axis: round, then clamp.

    Rounding down instead would shift every target by half a cell.

    Example:
        >>> nearest_bin(torch.tensor([1.6, -3., 9.]), 4)
        tensor([2, 0, 3])
    """
    return coordinate.round().long().clamp(0, size - 1)


def hot_cell(coordinates: Tensor, sizes: Sequence[int]) -> Tensor:
    """Flat index of the hot cell of H2 in (D,) H, W order.

    Args:
        coordinates (Tensor): (B, K, C) in bins.
        sizes (Sequence[int]): (w, h[, d]).

    Returns:
        Tensor: (B, K) int64.

    Example:
        >>> hot_cell(torch.tensor([[[2., 1.]]]), (3, 2))
        tensor([[5]])
    """
    check_shape(coordinates, f'B K {len(sizes)}', 'coordinates')
    index, stride = nearest_bin(coordinates[..., 0], sizes[0]), sizes[0]
    for axis, size in enumerate(sizes[1:], 1):
        index = index + nearest_bin(coordinates[..., axis], size) * stride
        stride *= size
    return index


def disc_map(
    coordinates: Tensor, sizes: Sequence[int], radii: Sequence[float]
) -> Tensor:
    """Disc target of H3: 1 within the radius of the joint, else 0.

    Args:
        coordinates (Tensor): (B, K, C) in bins.
        sizes (Sequence[int]): (w, h[, d]).
        radii (Sequence[float]): Radius along each axis in bins. 15 px of a
            256 px input are 15 * n / 256 bins.

    Returns:
        Tensor: (B, K, [D,] H, W) of 0 and 1.

    Example:
        >>> disc_map(torch.tensor([[[1., 0.]]]), (4, 1), (1., 1.))
        tensor([[[[1., 1., 1., 0.]]]])
    """
    check_shape(coordinates, f'B K {len(sizes)}', 'coordinates')
    square = coordinates.new_zeros(coordinates.shape[:2])
    for axis, (size, radius) in enumerate(zip(sizes, radii)):
        bins = torch.arange(
            size, dtype=coordinates.dtype, device=coordinates.device
        )
        term = ((bins - coordinates[..., axis, None]) / radius) ** 2
        term = term.reshape(*term.shape, *[1] * axis)
        square = term + square.unsqueeze(2)
    return (square <= 1).to(coordinates.dtype)
