"""Shape and finiteness checks whose messages name the axis.

A wrong shape is the most common mistake at a public edge. One helper compares
a shape with a pattern such as ``'B K D H W'`` and says which axis is wrong,
what was expected and what came.
"""

import math
from typing import Dict, Optional

import torch


def check_shape(
    array, pattern: str, what: str, known: Optional[Dict[str, int]] = None
) -> Dict[str, int]:
    """Compare a shape with a pattern of axis names.

    Args:
        array: A tensor or an array.
        pattern (str): Axis names split by blanks. A number is a fixed size,
            a leading ``...`` stands for any number of axes.
        what (str): The name of the argument, for the message.
        known (dict, optional): Sizes of axes that are known already.

    Returns:
        dict: The size of every named axis.

    Raises:
        ValueError: If the number of axes or the size of one differs.

    Example:
        >>> check_shape(torch.zeros(2, 17, 8, 6), 'B K H W', 'logits')['W']
        6
    """
    names = pattern.split()
    shape = tuple(array.shape)
    open_ended = names[0] == '...'
    if open_ended:
        names = names[1:]
    if len(shape) < len(names) or (
        not open_ended and len(shape) != len(names)
    ):
        raise ValueError(
            f'{what} must have the axes ({pattern.replace(" ", ", ")}), '
            f'got the shape {shape}'
        )
    sizes = dict(known or {})
    for name, size in zip(names, shape[len(shape) - len(names) :]):
        expected = (
            int(name) if name.isdigit() else sizes.setdefault(name, size)
        )
        if size != expected:
            raise ValueError(
                f'{what}: the axis {name} must have the size {expected}, '
                f'got {size} in the shape {shape}'
            )
    return sizes


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


def check_finite(tensor: torch.Tensor, what: str) -> None:
    """Check that every number is finite. Copies one flag to the host.

    Raises:
        ValueError: Naming ``what`` and the first index (batch, joint, …)
            that is NaN or infinite.

    Example:
        >>> check_finite(torch.zeros(3), 'logits')
    """
    finite = torch.isfinite(tensor)
    if bool(finite.all()):
        return
    first = tuple((~finite).nonzero()[0].tolist())
    raise ValueError(
        f'{what}: {int((~finite).sum())} of {tensor.numel()} numbers are not '
        f'finite, the first at index {first}'
    )
