"""Losses of the paper, unreduced, and one masked mean.

H1 squared error to a Gaussian, H2 cross-entropy to one hot cell, H3 binary
cross-entropy to a disc, and L1 or L2 on the joints. Every function returns
one number per joint (or per joint and axis); the reduction is apart, and
divides by a fixed count, so that two processes and one agree.

Convention: logits (B, K, [D,] H, W) and heat vectors of Eq. 5 (B, K, n);
coordinates (B, K, C), one axis of them (B, K), in bins, order x, y[, z];
sigma, a standard deviation, in bins; everything in at least float32.
"""

import math
from typing import Sequence

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .grid import bin_numbers
from .integral import at_least_float32, map_sizes
from .targets import (
    disc_map,
    gaussian_map,
    gaussian_vector,
    hot_cell,
    nearest_bin,
)


def map_squared_error(
    maps: Tensor, coordinates: Tensor, sigma: float = 1.0
) -> Tensor:
    """H1 on a map or volume: sum (V - G)^2 / sum G^2, with G of peak 1.

    Divided by the target's own energy, the loss of an empty map is 1 at
    every size. A mean over the cells falls with the size of the map, to
    where nothing is learned (64^3 cells: 2e-5). ``maps`` are the raw network
    output (B, K, [D,] H, W).

    Example:
        >>> map_squared_error(torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 2))
        tensor([[1.]])
    """
    maps = at_least_float32(maps)
    target = gaussian_map(coordinates.to(maps.dtype), map_sizes(maps), sigma)
    energy = target.square().flatten(2).sum(-1)
    # A joint far outside has no energy at all; its weight is 0.
    energy = energy.clamp(min=torch.finfo(maps.dtype).tiny)
    return (maps - target).square().flatten(2).sum(-1) / energy


def map_cross_entropy(logits: Tensor, coordinates: Tensor) -> Tensor:
    """H2 on a map or volume: softmax cross-entropy over all cells, (B, K).

    Example:
        >>> map_cross_entropy(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2))
        tensor([[1.3863]])
    """
    logits = at_least_float32(logits)
    index = hot_cell(coordinates, map_sizes(logits))
    cells = logits.flatten(2)
    hot = cells.gather(-1, index[..., None])[..., 0]
    return cells.logsumexp(-1) - hot


def map_binary_cross_entropy(
    logits: Tensor, coordinates: Tensor, radii: Sequence[float]
) -> Tensor:
    """H3 on a map: mean over the cells of the cross-entropy to a disc, (B, K).

    ``radii`` are those of the disc along each axis, in bins.

    Example:
        >>> logits = torch.zeros(1, 1, 2, 2)
        >>> map_binary_cross_entropy(logits, torch.ones(1, 1, 2), (1, 1))
        tensor([[0.6931]])
    """
    logits = at_least_float32(logits)
    target = disc_map(coordinates.to(logits.dtype), map_sizes(logits), radii)
    loss = binary_cross_entropy_with_logits(logits, target, reduction='none')
    return loss.flatten(2).mean(-1)


def vector_squared_error(
    vector: Tensor, coordinate: Tensor, sigma: float = 1.0
) -> Tensor:
    """H1 on a heat vector: sum (V - G)^2 / sum G^2, with G of sum 1, (B, K).

    Example:
        >>> vector = gaussian_vector(torch.ones(1, 1), 3, 1.)
        >>> vector_squared_error(vector / vector.sum(), torch.ones(1, 1))
        tensor([[0.]])
    """
    vector = at_least_float32(vector)
    target = gaussian_vector(
        coordinate.to(vector.dtype), vector.shape[-1], sigma
    )
    tiny = torch.finfo(vector.dtype).tiny
    target = target / target.sum(-1, keepdim=True).clamp(min=tiny)
    energy = target.square().sum(-1).clamp(min=tiny)
    return (vector - target).square().sum(-1) / energy


def vector_cross_entropy(log_vector: Tensor, coordinate: Tensor) -> Tensor:
    """H2 on the logarithm of a heat vector: minus it at the nearest bin.

    ``log_vector`` (B, K, n) is from ``log_marginals``; the result is (B, K).

    Example:
        >>> vector_cross_entropy(-torch.ones(1, 1, 4), torch.ones(1, 1))
        tensor([[1.]])
    """
    log_vector = at_least_float32(log_vector)
    index = nearest_bin(coordinate, log_vector.shape[-1])
    return -log_vector.gather(-1, index[..., None])[..., 0]


def vector_expected_error(vector: Tensor, coordinate: Tensor) -> Tensor:
    """Mean distance of a bin that is drawn from a heat vector.

    ``sum V(i) |i/n - p*|``. The coordinate ``p*`` is normalised; the distance
    (B, K) is a fraction of the side.

    Example:
        >>> vector = torch.tensor([[[0.5, 0., 0., 0.5]]])
        >>> vector_expected_error(vector, torch.tensor([[0.25]]))
        tensor([[0.3750]])
    """
    vector = at_least_float32(vector)
    size = vector.shape[-1]
    distance = bin_numbers(size, vector) / size - coordinate[..., None]
    return (vector * distance.abs()).sum(-1)


def jensen_shannon(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Jensen-Shannon divergence of the distributions on the last axis.

    JS(P, Q) = (KL(P, M) + KL(Q, M)) / 2, M = (P + Q) / 2, in nats: between 0
    (equal) and log 2 (nothing in common). The integral loss asks only for
    the mean of P; this asks for its shape, that of a Gaussian Q around the
    joint. P and Q (..., n) are given as logarithms: no probability is 0, and
    no gradient 0 * inf. The result is (...).

    Reference: Nibali et al., Numerical Coordinate Regression with
    Convolutional Neural Networks, 2018, Sec. 3.3.

    Example:
        >>> p = torch.tensor([0.5, 0.5])
        >>> jensen_shannon(p.log(), p.log())
        tensor(0.)
    """
    log_p, log_q = at_least_float32(log_p), at_least_float32(log_q)
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    terms = log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)
    return terms.sum(-1) / 2


def joint_l1(pred: Tensor, target: Tensor) -> Tensor:
    """Absolute error per joint and axis, (B, K, C).

    Example:
        >>> joint_l1(torch.tensor([1.]), torch.tensor([3.]))
        tensor([2.])
    """
    return (at_least_float32(pred) - target).abs()


def joint_l2(pred: Tensor, target: Tensor) -> Tensor:
    """Squared error per joint and axis, (B, K, C).

    Example:
        >>> joint_l2(torch.tensor([1.]), torch.tensor([3.]))
        tensor([4.])
    """
    return (at_least_float32(pred) - target).square()


def mask_coordinates(coordinates: Tensor, weights: Tensor) -> Tensor:
    """Replace coordinates of weight 0 by 0 before anything is computed.

    An unlabelled joint may hold any number, NaN too, and NaN * 0 is NaN.

    Example:
        >>> nan = torch.tensor([float('nan'), 2.])
        >>> mask_coordinates(nan, torch.tensor([0., 1.]))
        tensor([0., 2.])
    """
    return torch.where(weights > 0, coordinates, torch.zeros_like(coordinates))


def sum_over_count(errors: Tensor, weights: Tensor, count: int) -> Tensor:
    """Weighted sum over a fixed count; a weight of 0 has no gradient.

    Weights have the shape of the errors. The count is, for example, B * K: a
    count of visible joints would differ between processes.

    Raises:
        ValueError: If errors and weights have different shapes.

    Example:
        >>> sum_over_count(torch.tensor([1., 3.]), torch.tensor([0., 1.]), 2)
        tensor(1.5000)
    """
    if errors.shape != weights.shape:
        raise ValueError(
            f'weights must have the shape {tuple(errors.shape)} of the '
            f'errors, got {tuple(weights.shape)}'
        )
    errors = at_least_float32(errors)
    kept = torch.where(weights > 0, errors, torch.zeros_like(errors))
    return (kept * weights.to(kept.dtype)).sum() / max(count, 1)
