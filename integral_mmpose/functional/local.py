"""Local integral: find a joint by the argmax, place it by the expectation.

    J = sum_p p w(p), w(p) = exp(V(p) / T) / sum_q exp(V(q) / T)

where p and q are the cells at most r cells away from the maximum of V along
every axis. Cells far from the maximum, the background and other modes, do
not pull the joint: the whole expectation (Eq. 2) is r = all cells, T = 1, the
argmax (Eq. 1) is r = 0. It serves maps of any training: H1's maps in [0, 1]
with a temperature of about 0.1, logits with 1.

Reference: Sun et al., Integral Human Pose Regression, ECCV 2018, Eq. 1 and 2;
a window as in the peak refinement of Zhang et al., Distribution-Aware
Coordinate Representation, CVPR 2020.
"""

from typing import Any

import torch
from torch import Tensor

from integral_mmpose.geometry import is_count, is_positive

from .integral import (
    at_least_float32,
    map_sizes,
    plain_marginals,
    vectors_to_coordinates,
)
from .readout import argmax


def check_window(radius: int, temperature: float) -> None:
    """Check the numbers of a local integral.

    Raises:
        ValueError: If the radius is not a whole number >= 0, or the
            temperature not a positive number.

    Example:
        >>> check_window(2, 0.1)
    """
    if not is_count(radius, least=0):
        raise ValueError(
            f'radius must be a whole number of cells >= 0, got {radius!r}'
        )
    if not is_positive(temperature):
        raise ValueError(
            f'temperature must be positive, got {temperature!r}: 0.1 suits '
            'maps in [0, 1], 1 suits logits, radius=0 is the argmax'
        )


def local_integral(
    maps: Tensor, radius: int = 2, temperature: float = 1.0
) -> Tensor:
    """Expectation over a window around the maximum of each map or volume.

    At the border of the map the window has fewer cells.

    Args:
        maps (Tensor): (B, K, H, W) or (B, K, D, H, W), raw or logits.
        radius (int): r, cells to either side. Defaults to 2.
        temperature (float): T. Defaults to 1.

    Returns:
        Tensor: (B, K, 2 or 3) coordinates in bins, order x, y[, z].

    Raises:
        ValueError: If a number is out of its range, or the window is larger
            than the map.

    Example:
        >>> maps = torch.zeros(1, 1, 3, 8)
        >>> maps[0, 0, 1, 3:5] = 100.
        >>> local_integral(maps, radius=1)
        tensor([[[3.5000, 1.0000]]])
    """
    check_window(radius, temperature)
    centre, sizes = argmax(maps), map_sizes(maps)
    side = 2 * radius + 1
    if side > min(sizes):
        raise ValueError(
            f'a window of radius {radius} has {side} cells a side and the '
            f'map {sizes} (w, h[, d]): set a radius of at most '
            f'{(min(sizes) - 1) // 2}'
        )
    steps = torch.arange(-radius, radius + 1, device=maps.device)
    # A tensor from the start: TorchScript has no "and" with a bool.
    inside = torch.ones((), dtype=torch.bool, device=maps.device)
    index: Any = 0  # a tensor after the first axis
    stride = 1
    for axis, size in enumerate(sizes):
        bins = centre[..., axis, None].long() + steps
        shape = [*bins.shape[:2], *[1] * len(sizes)]
        shape[-1 - axis] = side
        bins = bins.reshape(shape)
        inside = inside & (bins >= 0) & (bins < size)
        index = index + bins.clamp(0, size - 1) * stride
        stride *= size
    window = maps.flatten(2).gather(-1, index.flatten(2)).view_as(index)
    window = at_least_float32(window)
    # From the peak, the middle of the window: no temperature overflows.
    peak = window.detach().flatten(2)[..., side ** len(sizes) // 2]
    peak = peak.reshape(*maps.shape[:2], *[1] * len(sizes))
    temperature = max(float(temperature), torch.finfo(window.dtype).tiny)
    logits = (window - peak) / temperature
    logits = logits.masked_fill(~inside, float('-inf'))
    offsets = vectors_to_coordinates(plain_marginals(logits)) - radius
    return centre + offsets
