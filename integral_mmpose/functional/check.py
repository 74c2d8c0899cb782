"""Checks of logits; those of shapes and numbers are in ``geometry``."""

import math

import torch

from integral_mmpose.geometry.check import check_finite, check_shape

__all__ = ['check_finite', 'check_logits', 'check_shape']


def check_logits(logits: torch.Tensor, what: str = 'logits') -> None:
    """Check that logits are (B, K, H, W) or (B, K, D, H, W).

    Raises:
        ValueError: If there are other axes, an empty map, or integers.

    Example:
        >>> check_logits(torch.zeros(2, 17, 4, 8, 6))
    """
    if logits.dim() not in (4, 5):
        raise ValueError(
            f'{what} must have the axes (B, K, H, W) or (B, K, D, H, W), '
            f'got the shape {tuple(logits.shape)}'
        )
    if not logits.is_floating_point():
        raise ValueError(f'{what} must be floating point, got {logits.dtype}')
    if math.prod(logits.shape[2:]) == 0:
        raise ValueError(
            f'{what} has an empty map: the shape is {tuple(logits.shape)}'
        )
