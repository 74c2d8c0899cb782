"""Jensen-Shannon divergence of a map, or heat vector, from a Gaussian.

    JS(P, G) = (KL(P, M) + KL(G, M)) / 2, M = (P + G) / 2

between 0 (equal) and log 2 (nothing in common). The integral loss asks only
for the mean of P; this asks for its shape, a Gaussian around the joint.
Everything is in log space: no probability is 0, and no gradient 0 * inf.

Reference: Nibali et al., Numerical Coordinate Regression with Convolutional
Neural Networks, 2018, Sec. 3.3.
"""

import math
from typing import Sequence

import torch
from torch import Tensor

from .integral import at_least_float32


def jensen_shannon(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Divergence of distributions along the last axis.

    Args:
        log_p (Tensor): (..., n) logarithms, of sum 1 once exponentiated.
        log_q (Tensor): (..., n) likewise.

    Returns:
        Tensor: (...), in nats.

    Example:
        >>> p = torch.tensor([0.5, 0.5])
        >>> jensen_shannon(p.log(), p.log())
        tensor(0.)
    """
    log_p, log_q = at_least_float32(log_p), at_least_float32(log_q)
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    terms = log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)
    return terms.sum(-1) / 2


def log_gaussian_vector(coordinate: Tensor, size: int, sigma: float) -> Tensor:
    """Logarithm of a Gaussian over n bins that sums to 1.

    Args:
        coordinate (Tensor): (B, K) in bins.
        size (int): Number of bins n.
        sigma (float): Standard deviation in bins.

    Returns:
        Tensor: (B, K, n).

    Example:
        >>> log_gaussian_vector(torch.tensor([[1.]]), 3, 1.).exp()
        tensor([[[0.2741, 0.4519, 0.2741]]])
    """
    bins = torch.arange(size, dtype=coordinate.dtype, device=coordinate.device)
    square = (bins - coordinate[..., None]) ** 2
    return (-square / (2 * sigma**2)).log_softmax(-1)


def log_gaussian_map(
    coordinates: Tensor, sizes: Sequence[int], sigma: float
) -> Tensor:
    """Logarithm of a Gaussian over the cells of a map, of sum 1.

    Args:
        coordinates (Tensor): (B, K, C) in bins, order x, y[, z].
        sizes (Sequence[int]): (w, h[, d]).
        sigma (float): Standard deviation in bins.

    Returns:
        Tensor: (B, K, [D *] H * W), the cells in (D,) H, W order.

    Example:
        >>> log_gaussian_map(torch.tensor([[[0., 0.]]]), (1, 2), 1.).exp()
        tensor([[[0.6225, 0.3775]]])
    """
    cells = log_gaussian_vector(coordinates[..., 0], sizes[0], sigma)
    for axis, size in enumerate(sizes[1:], 1):
        line = log_gaussian_vector(coordinates[..., axis], size, sigma)
        cells = (line[..., None] + cells[..., None, :]).flatten(-2)
    return cells
