"""Targets of the heat map losses, made from coordinates on their device.

H1 is a Gaussian, H2 one hot cell, H3 a disc around the joint. A volume of
18 x 64^3 floats is 19 MB a sample: these functions run inside the loss, on
the device of the model, and never in the data loader.

Convention: coordinates are (B, K, C) in bins, order x, y[, z]; sizes are
(w, h[, d]); sigma, a standard deviation, is in bins; maps come out as
(B, K, [D,] H, W) and vectors as (B, K, n).
"""

from typing import Any, Callable, List, Sequence, Tuple

import torch
from torch import Tensor

from integral_mmpose.geometry import check_shape

from .grid import bin_numbers


def gaussian_vector(center: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussian of peak 1 around a coordinate (B, K), over ``size`` bins.

    Divide by its sum for a distribution.

    Example:
        >>> gaussian_vector(torch.tensor([[1.]]), 3, 1.)
        tensor([[[0.6065, 1.0000, 0.6065]]])
    """
    return _log_peak(center, size, sigma).exp()


def log_gaussian_vector(center: Tensor, size: int, sigma: float) -> Tensor:
    """Logarithm of a Gaussian over ``size`` bins that sums to 1.

    Example:
        >>> log_gaussian_vector(torch.tensor([[1.]]), 3, 1.).exp()
        tensor([[[0.2741, 0.4519, 0.2741]]])
    """
    return _log_peak(center, size, sigma).log_softmax(-1)


def _log_peak(center: Tensor, size: int, sigma: float) -> Tensor:
    distance = bin_numbers(size, center) - center[..., None]
    return -(distance**2) / (2 * sigma**2)


def gaussian_map(
    coordinates: Tensor, sizes: Sequence[int], sigma: float = 1.0
) -> Tensor:
    """Gaussian target of H1: a product of one Gaussian per axis, peak 1.

    The default of sigma is the paper's.

    Example:
        >>> gaussian_map(torch.tensor([[[1., 0.]]]), (3, 1))
        tensor([[[[0.6065, 1.0000, 0.6065]]]])
    """
    axes = _axes(coordinates, sizes)
    return _combine(
        torch.mul, [gaussian_vector(*axis, sigma) for axis in axes]
    )


def log_gaussian_map(
    coordinates: Tensor, sizes: Sequence[int], sigma: float
) -> Tensor:
    """Logarithm of a Gaussian over the cells of a map, of sum 1.

    Returns:
        Tensor: ``(B, K, [D *] H * W)``, the cells in (D,) H, W order.

    Example:
        >>> log_gaussian_map(torch.tensor([[[0., 0.]]]), (1, 2), 1.).exp()
        tensor([[[0.6225, 0.3775]]])
    """
    axes = _axes(coordinates, sizes)
    vectors = [log_gaussian_vector(*axis, sigma) for axis in axes]
    return _combine(torch.add, vectors).flatten(2)


def disc_map(
    coordinates: Tensor, sizes: Sequence[int], radii: Sequence[float]
) -> Tensor:
    """Disc target of H3: 1 within the radius of the joint, else 0.

    ``radii`` are along each axis, in bins: 15 px of a 256 px input are
    15 * n / 256 bins.

    Example:
        >>> disc_map(torch.tensor([[[1., 0.]]]), (4, 1), (1., 1.))
        tensor([[[[1., 1., 1., 0.]]]])
    """
    squares = [
        ((bin_numbers(size, center) - center[..., None]) / radius) ** 2
        for (center, size), radius in zip(_axes(coordinates, sizes), radii)
    ]
    return (_combine(torch.add, squares) <= 1).to(coordinates.dtype)


def _axes(
    coordinates: Tensor, sizes: Sequence[int]
) -> List[Tuple[Tensor, int]]:
    """The coordinate (B, K) and the size of each axis."""
    check_shape(coordinates, f'B K {len(sizes)}', 'coordinates')
    return list(zip(coordinates.unbind(-1), sizes))


def _combine(operation: Callable, vectors: List[Tensor]) -> Tensor:
    """Map of vectors (B, K, n), one for each axis, x first."""
    volume = vectors[0]
    for axis, vector in enumerate(vectors[1:], 1):
        vector = vector.reshape(*vector.shape, *[1] * axis)
        volume = operation(vector, volume.unsqueeze(2))
    return volume


def nearest_bin(coordinate: Tensor, size: int) -> Tensor:
    """Index of the hot cell of H2 along one axis: round, then clamp.

    Rounding down instead would shift every target by half a cell.

    Example:
        >>> nearest_bin(torch.tensor([1.6, -3., 9.]), 4)
        tensor([2, 0, 3])
    """
    # Clamped as a float: a large one is no int64.
    return coordinate.nan_to_num().round().clamp(0, size - 1).long()


def hot_cell(coordinates: Tensor, sizes: Sequence[int]) -> Tensor:
    """Flat index (B, K), int64, of the hot cell of H2 in (D,) H, W order.

    Example:
        >>> hot_cell(torch.tensor([[[2., 1.]]]), (3, 2))
        tensor([[5]])
    """
    index: Any = 0  # a tensor after the first axis
    stride = 1
    for coordinate, size in _axes(coordinates, sizes):
        index = index + nearest_bin(coordinate, size) * stride
        stride *= size
    return index
