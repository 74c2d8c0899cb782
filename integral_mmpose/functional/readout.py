"""What else is read from heat maps: their maximum, a correction, a score."""

import math

import torch
from torch import Tensor

from .grid import bin_numbers
from .integral import (
    HeatVectors,
    at_least_float32,
    check_logits,
    expectation,
    map_sizes,
)


def argmax(logits: Tensor) -> Tensor:
    """Cell of the maximum of each map or volume (Eq. 1).

    Returns:
        Tensor: (B, K, 2 or 3) whole bins in floating point, x, y[, z].

    Example:
        >>> argmax(torch.arange(6.).view(1, 1, 2, 3))
        tensor([[[2., 1.]]])
    """
    check_logits(logits)
    index = logits.flatten(2).argmax(-1)
    coordinates = []
    for size in map_sizes(logits):
        coordinates.append(index % size)
        index = index // size
    return torch.stack(coordinates, -1).to(at_least_float32(logits).dtype)


def debias(coordinates: Tensor, logits: Tensor) -> Tensor:
    """Take out the pull of a zero background towards the middle.

    With C the sum of exp(logits) over N cells, a background of zero logits
    adds N / C of the weight at the middle p~ = (n - 1) / 2 of each axis:
    (C * E - N * p~) / (C - N), evaluated by the ratio w = N / C from one
    logsumexp, so that nothing overflows. Where a map has no cell above the
    background (w >= 1) the raw expectation is kept.

    It is for maps with a background of 0 and a peak above it: those of H1,
    or of a model that was trained with the correction from such maps on. A
    softmax leaves a constant of the logits free, and here it counts: maps of
    a model that was trained without the correction have no background to
    take out, and give arbitrary joints. At the start of a training from
    scratch w is almost 1, and 1 / (1 - w) makes the gradients 5e4 to 1e5
    times as large: it does not train. Start from an H1 row.

    Args:
        coordinates (Tensor): (B, K, 2 or 3) raw expectations in bins.
        logits (Tensor): The (B, K, [D,] H, W) logits that they come from.

    Returns:
        Tensor: Corrected coordinates in bins, inside the map.

    Reference: Gu et al., Removing the Bias of Integral Pose Regression,
    ICCV 2021.

    Example:
        >>> logits = torch.zeros(1, 1, 1, 5)
        >>> logits[..., 4] = 2.
        >>> debias(integral(logits), logits).round(decimals=3)
        tensor([[[4., 0.]]])
    """
    logits = at_least_float32(logits)
    cells = logits.flatten(2)
    log_share = math.log(cells.shape[-1]) - cells.logsumexp(-1)[..., None]
    usable = log_share < 0
    # Masked before exp: its overflow would turn the gradient into 0 * inf.
    log_share = torch.where(usable, log_share, -torch.ones_like(log_share))
    sizes = torch.tensor(
        map_sizes(logits), dtype=logits.dtype, device=logits.device
    )
    middle = (sizes - 1) / 2
    # E - w p~ over 1 - w; expm1 keeps its digits where w is close to 1.
    corrected = (coordinates - log_share.exp() * middle) / -log_share.expm1()
    corrected = corrected.clamp(min=0).minimum(sizes - 1)
    return torch.where(usable, corrected, coordinates)


def spread(vectors: HeatVectors) -> Tensor:
    """Standard deviation of the heat vectors as a fraction of each side.

    Returns:
        Tensor: (B, K, 2 or 3), order x, y[, z]: 0 for one cell,
        1 / sqrt(12) for a uniform vector of many cells.

    Example:
        >>> half = torch.full((1, 1, 2), 0.5)
        >>> spread(HeatVectors(half, half))
        tensor([[[0.2500, 0.2500]]])
    """
    variances = []
    for vector in vectors.axes():
        vector = at_least_float32(vector)
        size = vector.shape[-1]
        distance = bin_numbers(size, vector) - expectation(vector)[..., None]
        variance = (vector * distance**2).sum(-1)
        variances.append(variance / size**2)
    variance = torch.stack(variances, -1)
    # Not 0: the slope of a square root is infinite there.
    return variance.clamp(min=torch.finfo(variance.dtype).tiny).sqrt()


def spread_score(vectors: HeatVectors) -> Tensor:
    """Confidence (B, K) in (0, 1] from the spread of the heat vectors.

    (1 + s * sqrt(12))^-2 with s the root mean square over the axes of
    :func:`spread`: 1 for one cell, about 0.25 for a uniform map.

    Example:
        >>> spread_score(HeatVectors(torch.ones(1, 1, 1), torch.ones(1, 1, 1)))
        tensor([[1.]])
    """
    mean_square = spread(vectors).square().mean(-1)
    smallest = torch.finfo(mean_square.dtype).tiny
    return (1 + mean_square.clamp(min=smallest).sqrt() * math.sqrt(12)) ** -2
