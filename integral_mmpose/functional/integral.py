"""Integral (soft-argmax) regression from heat maps, Eq. 2 to 6 of the paper.

The heat map is normalised by a softmax over all its cells (Eq. 3), and the
joint is its expectation J = sum_p p * H~(p) (Eq. 2, 4). Two-step form: the
volume is first reduced to one heat vector per axis (Eq. 5), then each vector
to its expectation (Eq. 6). The result is the same; the vectors can each be
supervised by what is known, so that a 2D photograph trains x and y of a 3D
model.

Everything is computed in at least float32, whatever autocast says: over 64^3
bins half precision errs by up to 0.28 bins.
"""

import math
from typing import List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from . import fused
from .grid import bin_numbers


class HeatVectors(NamedTuple):
    """Heat vectors of Eq. 5: one per axis, each sums to 1 (or its log)."""

    x: Tensor  #: (B, K, W)
    y: Tensor  #: (B, K, H)
    z: Optional[Tensor] = None  #: (B, K, D); None for (B, K, H, W) logits

    def axes(self) -> List[Tensor]:
        """The vectors that are present: x, y[, z]."""
        return [vector for vector in self if vector is not None]


def check_logits(logits: Tensor) -> None:
    """Check that logits are (B, K, H, W) or (B, K, D, H, W).

    Raises:
        ValueError: If there are other axes, an empty map, or integers.

    Example:
        >>> check_logits(torch.zeros(2, 17, 4, 8, 6))
    """
    if logits.dim() not in (4, 5):
        raise ValueError(
            'logits must have the axes (B, K, H, W) or (B, K, D, H, W), '
            f'got the shape {tuple(logits.shape)}'
        )
    if not logits.is_floating_point():
        raise ValueError(f'logits must be floating point, got {logits.dtype}')
    if math.prod(logits.shape[2:]) == 0:
        raise ValueError(
            f'logits has an empty map: the shape is {tuple(logits.shape)}'
        )


def at_least_float32(tensor: Tensor) -> Tensor:
    """Cast half precision to float32 and leave the rest as it is.

    Example:
        >>> at_least_float32(torch.zeros(2, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    if tensor.dtype in (torch.float16, torch.bfloat16):
        return tensor.float()
    return tensor


def softmax(logits: Tensor) -> Tensor:
    """Softmax over all cells of a map or volume (Eq. 3), at least float32.

    Example:
        >>> softmax(torch.zeros(1, 1, 2, 2)).unique()
        tensor([0.2500])
    """
    check_logits(logits)
    logits = at_least_float32(logits)
    return logits.flatten(2).softmax(dim=-1).view_as(logits)


def marginals(logits: Tensor) -> HeatVectors:
    """Reduce each map or volume to one heat vector per axis (Eq. 5).

    Args:
        logits (Tensor): (B, K, H, W) or (B, K, D, H, W).

    Returns:
        HeatVectors: x (B, K, W), y (B, K, H), z (B, K, D) or None.

    Example:
        >>> marginals(torch.zeros(1, 1, 2, 4)).x
        tensor([[[0.2500, 0.2500, 0.2500, 0.2500]]])
    """
    check_logits(logits)
    if fused.serves(logits):
        return HeatVectors(*fused.heat_vectors(logits))
    return plain_marginals(logits)


def plain_marginals(logits: Tensor) -> HeatVectors:
    """Heat vectors by stock operators: the reference of :func:`marginals`.

    Serves export, tracing and torch before 2.6. Arguments and returns as
    there.

    Example:
        >>> plain_marginals(torch.zeros(1, 1, 2, 4)).y
        tensor([[[0.5000, 0.5000]]])
    """
    probs = softmax(logits)
    if probs.dim() == 4:
        return HeatVectors(probs.sum(2), probs.sum(3))
    plane = probs.sum(2)
    return HeatVectors(plane.sum(2), plane.sum(3), probs.sum((3, 4)))


def log_marginals(logits: Tensor) -> HeatVectors:
    """Logarithm of the heat vectors, by logsumexp and never by log(softmax).

    It is finite wherever the logits are. Arguments and returns as those of
    :func:`marginals`.

    Example:
        >>> log_marginals(torch.zeros(1, 1, 2, 4)).y.exp()
        tensor([[[0.5000, 0.5000]]])
    """
    check_logits(logits)
    logits = at_least_float32(logits)
    plane = logits if logits.dim() == 4 else logits.logsumexp(2)
    log_x, log_y = plane.logsumexp(2), plane.logsumexp(3)
    total = log_x.logsumexp(-1, keepdim=True)
    if logits.dim() == 4:
        return HeatVectors(log_x - total, log_y - total)
    log_z = logits.logsumexp((3, 4))
    return HeatVectors(log_x - total, log_y - total, log_z - total)


def expectation(vector: Tensor) -> Tensor:
    """Expectation of a heat vector (Eq. 6).

    Args:
        vector (Tensor): (..., n) probabilities.

    Returns:
        Tensor: (...) coordinates in bins, in [0, n - 1].

    Example:
        >>> expectation(torch.tensor([0., 0.5, 0.5]))
        tensor(1.5000)
    """
    vector = at_least_float32(vector)
    # A product and a sum: autocast would run a matrix product in half.
    return (vector * bin_numbers(vector.shape[-1], vector)).sum(-1)


def integral(logits: Tensor) -> Tensor:
    """Integral regression by the two-step form (Eq. 5, 6).

    Args:
        logits (Tensor): (B, K, H, W) or (B, K, D, H, W).

    Returns:
        Tensor: (B, K, 2) or (B, K, 3) coordinates in bins, order x, y, z.

    Raises:
        ValueError: If the logits have other axes.

    Example:
        >>> logits = torch.zeros(1, 1, 2, 4)
        >>> logits[0, 0, 1, 3] = 100.
        >>> integral(logits)
        tensor([[[3., 1.]]])
    """
    return vectors_to_coordinates(marginals(logits))


def vectors_to_coordinates(vectors: HeatVectors) -> Tensor:
    """Expectation of each heat vector: (B, K, 2 or 3) bins, x, y[, z]."""
    return torch.stack([expectation(vector) for vector in vectors.axes()], -1)


def map_sizes(logits: Tensor) -> Tuple[int, ...]:
    """Number of bins (w, h) or (w, h, d) of logits.

    Example:
        >>> map_sizes(torch.zeros(1, 1, 3, 4, 5))
        (5, 4, 3)
    """
    return tuple(reversed(logits.shape[2:]))
