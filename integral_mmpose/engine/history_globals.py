"""The names that ``weights_only`` has to know for mmengine's checkpoints.

They hold the histories of the logger: numbers in numpy arrays, in objects
that also name four of their methods. What stands under these names here can
hold numbers and nothing else: a crafted file that could give a history any
attribute, or name a function, would change classes of the process with them.
"""

import _codecs
from typing import Any, Callable, List

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from .old_torch import allow_globals

_STATISTICS = ('min', 'max', 'mean', 'current')
_DTYPES = ('f8', 'f4', 'f2', 'i8', 'i4', 'u4', 'u1', 'b1')
_MULTIARRAY = ('numpy.core.multiarray', 'numpy._core.multiarray')
_ATTACK = 'this is not a checkpoint of mmengine, and may be an attack'


def allow_history_buffers() -> List[Any]:
    """Let ``weights_only`` read mmengine's logger histories, nothing else.

    Returns:
        list: What was added to torch's list.
    """
    allowed = [_History, np.ndarray, np.dtype]
    allowed.append(_codecs.encode)  # bytes; torch 2.5 has it in its own list
    allowed += [type(np.dtype(name)) for name in _DTYPES]
    reconstruct, *_ = np.empty(0).__reduce__()
    for module in _MULTIARRAY:
        allowed.append(_alias(reconstruct, module, '_reconstruct'))
        allowed.append(_alias(_scalar, module, 'scalar'))
    allowed.append(_alias(_statistic, 'builtins', 'getattr'))
    if hasattr(torch.serialization, 'add_safe_globals'):
        torch.serialization.add_safe_globals(allowed)
    else:
        allow_globals(torch._weights_only_unpickler, allowed)
    return allowed


class _History(HistoryBuffer):
    """Stands for HistoryBuffer in a file, and becomes one of numbers."""

    def __init__(self) -> None:  # a file could give it anything
        pass

    def __setstate__(self, state: dict) -> None:
        state = dict(state)
        arrays = [state.pop(f'_{n}_history', None) for n in ('log', 'count')]
        length = state.pop('max_length', None)
        methods = state.pop('statistics_methods', {})
        if (
            state
            or type(length) is not int
            or not all(type(array) is np.ndarray for array in arrays)
            or any(array.dtype.kind not in 'biuf' for array in arrays)
            or any(methods[name] != name for name in methods)
        ):
            raise ValueError(f'a history of the logger holds more: {_ATTACK}')
        self.__class__ = HistoryBuffer
        HistoryBuffer.__init__(self, *arrays, length)


# pickle and torch look for classes by these.
_History.__module__ = HistoryBuffer.__module__
_History.__qualname__ = _History.__name__ = HistoryBuffer.__name__


def _statistic(owner: Any, name: str) -> str:
    """What ``getattr`` may do in a file: name a method of a history."""
    if owner is _History and name in _STATISTICS:
        return name
    raise ValueError(
        f'the checkpoint asks for attribute {name!r} of {owner!r}: '
        f'{_ATTACK}. Do not load it.'
    )


def _scalar(dtype: np.dtype, data: Any) -> np.generic:
    """numpy's, but for objects, which it hands on as they are."""
    if dtype.kind not in 'biuf':
        raise ValueError(f'a scalar of the type {dtype}: {_ATTACK}')
    return np.frombuffer(data, dtype)[0]


def _alias(function: Callable, module: str, name: str) -> Callable:
    """A function that torch's unpickler finds as ``module.name``."""

    def alias(*args):
        return function(*args)

    alias.__module__, alias.__qualname__, alias.__name__ = module, name, name
    return alias
