"""What is a number, and shape checks whose messages name the axis.

:func:`check_shape` compares a shape with a pattern such as ``'B K D H W'``.
Its error names the axis, the expected and the actual size. The functions take
arrays and tensors, and do not import torch.
"""

import math
from numbers import Integral, Real
from typing import Dict, Optional

import numpy as np


def is_tensor(array) -> bool:
    """Whether it is a torch tensor; torch is not imported.

    Example:
        >>> is_tensor(np.zeros(2))
        False
    """
    return hasattr(array, 'detach')


def as_array(array, dtype=None) -> np.ndarray:
    """Convert a tensor or an array to an array."""
    if is_tensor(array):
        array = array.detach().cpu().numpy()
    return np.asarray(array, dtype)


def is_number(value) -> bool:
    """Whether it is a finite number, also of numpy; a boolean is none.

    Example:
        >>> [is_number(v) for v in (2, np.float32(0.5), True, math.inf, '2')]
        [True, True, False, False, False]
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # 10**400 is no float
        return False


def is_positive(value) -> bool:
    """Whether it is a number above 0, see :func:`is_number`."""
    return is_number(value) and bool(value > 0)


def is_count(value, least: int = 1) -> bool:
    """Whether it is a whole number of at least ``least``, of numpy, too."""
    whole = isinstance(value, Integral) and is_number(value)
    return whole and bool(value >= least)


def check_counts(**counts) -> None:
    """Check the arguments that are numbers of something.

    Raises:
        ValueError: If one is not a whole number of at least 1.

    Example:
        >>> check_counts(batch_size=8, threads=2)
    """
    for name, count in counts.items():
        if not is_count(count):
            raise ValueError(
                f'{name} must be a whole number of at least 1, got {count!r}'
            )


def check_choice(name: str, value, choices) -> None:
    """Raise ValueError if an argument is none of the choices.

    Example:
        >>> check_choice('box', 'tight', ('tight', 'file'))
    """
    if value not in choices:
        raise ValueError(
            f'{name} must be one of {sorted(choices)}, got {value!r}'
        )


def check_shape(
    array, pattern: str, what: str, known: Optional[Dict[str, int]] = None
) -> Dict[str, int]:
    """Compare a shape with a pattern of axis names.

    Args:
        array: A tensor or an array.
        pattern (str): Axis names, separated by blanks. A number is a fixed
            size, a leading ``...`` stands for any number of axes, and an
            empty pattern for a scalar.
        what (str): The name of the argument, for the message.
        known (dict, optional): Known sizes of axes.

    Returns:
        dict: The size of every named axis.

    Raises:
        ValueError: If the number of axes or the size of one differs.

    Example:
        >>> check_shape(np.zeros((2, 17, 8, 6)), 'B K H W', 'logits')['W']
        6
    """
    names = pattern.split()
    shape = tuple(array.shape)
    open_ended = names[:1] == ['...']
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


def check_joint(joint, joints: int) -> None:
    """Check that the index of a joint, such as the root, is in 0..joints-1.

    Raises:
        ValueError: If it is not.
    """
    if not is_count(joint, 0) or joint >= joints:
        raise ValueError(
            f'root must be a joint in 0..{joints - 1}, got {joint!r}'
        )


def check_finite(array, what: str) -> None:
    """Check that every number is finite. Copies one flag from a GPU.

    Raises:
        ValueError: Naming ``what`` and the first index (batch, joint, …)
            that is NaN or infinite.

    Example:
        >>> check_finite(np.zeros(3), 'logits')
    """
    finite = array.isfinite() if is_tensor(array) else np.isfinite(array)
    if bool(finite.all()):
        return
    finite = np.asarray(finite.cpu() if is_tensor(array) else finite)
    first = tuple(np.argwhere(~finite)[0].tolist())
    raise ValueError(
        f'{what}: {(~finite).sum()} of {finite.size} numbers are not '
        f'finite, the first at index {first}'
    )
