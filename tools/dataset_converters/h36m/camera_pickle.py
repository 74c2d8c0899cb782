"""Cameras of Human3.6M out of MMPose's ``cameras.pkl``, without running it.

Unpickling calls whatever the file names. Here a file may name what an array of
numbers consists of, and gets small classes of this module in its place:
neither numpy's nor Python's own are ever called. Everything else raises.

Convention: the pickle has T in metres and R from camera to world; ours are
mm and x = R (X − T), so R is transposed.
"""

import os
import pickle
from collections import defaultdict
from typing import Any

import numpy as np

from integral_mmpose.datasets.checks import require_file

from .rows import read_camera, read_size

#: The cameras of 11 subjects take 25 kB.
MAX_BYTES = 10_000_000


def _refuse(problem: str):
    raise pickle.UnpicklingError(problem)


class _Kind:
    """Stands for numpy's array class, which is only ever an argument."""

    def __init__(self, *_):
        _refuse('an array that is not made by numpy')

    __setstate__ = __init__


class _Dtype:
    """Stands for numpy's dtype: integers and floats, no objects."""

    def __init__(self, code, align=False, copy=True):
        if code not in ('f4', 'f8', 'i4', 'i8', 'u1'):
            _refuse(f'numbers of the type {code!r}')
        self.numpy = np.dtype(code)

    def __setstate__(self, state):
        if state[1] not in ('<', '>', '|') or any(state[2:5]):
            _refuse(f'numbers of the type {state!r}')
        self.numpy = self.numpy.newbyteorder(state[1])


class _Array:
    """Stands for an array while the bytes come in."""

    def __init__(self, *_):
        self.value = None

    def __setstate__(self, state):
        _, shape, dtype, fortran, content = state
        self._fill(content, dtype, shape, 'F' if fortran else 'C')

    def _fill(self, content, dtype, shape, order):
        if not isinstance(content, bytes) or not isinstance(dtype, _Dtype):
            _refuse('an array of something else than numbers')
        flat = np.frombuffer(content, dtype.numpy)
        self.value = flat.reshape(shape, order=order)


class _Buffer(_Array):
    """The same in protocol 5, which has the bytes first."""

    def __init__(self, content, dtype, shape, order):
        self._fill(bytes(content), dtype, shape, order)


class _Bytes:
    """Bytes in protocol 2, which writes them as a text."""

    def __new__(cls, text, code):
        return text.encode('latin1')

    def __setstate__(self, state):
        _refuse('bytes with a state')


# None of these is numpy's or Python's own: a file can call them with any
# arguments and any state.
_ALLOWED = {
    ('numpy', 'ndarray'): _Kind,
    ('numpy', 'dtype'): _Dtype,
    ('numpy.core.multiarray', '_reconstruct'): _Array,
    ('numpy._core.multiarray', '_reconstruct'): _Array,
    ('numpy.core.numeric', '_frombuffer'): _Buffer,
    ('numpy._core.numeric', '_frombuffer'): _Buffer,
    ('_codecs', 'encode'): _Bytes,
}


class CameraUnpickler(pickle.Unpickler):
    """Arrays, dicts, tuples, strings and numbers; nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """What the file may name."""
        if (module, name) not in _ALLOWED:
            _refuse(f'it names {module}.{name}')
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Nothing."""
        _refuse('it refers to something outside of it')


def read_camera_pickle(path: str) -> dict:
    """Read ``cameras.pkl`` as the content of ``cameras.json``; nothing is run.

    The pickle has (subject, camera id) to a dict of arrays.

    Returns:
        dict: ``{"S1": {"54138969": {"R": ..., "T": mm, "f": px, ...}}}``.
    """
    require_file(path, 'the camera pickle', 'Give its path.')
    content = _unpickle(path)
    cameras = defaultdict(dict)
    for key, entry in content.items():
        if not (
            isinstance(key, tuple)
            and [type(part) for part in key] == [str, str]
            and isinstance(entry, dict)
        ):
            raise ValueError(
                f'{path}: id {key!r}: must be (subject, camera id) with a '
                "dict. Point to MMPose's cameras.pkl."
            )
        cameras[key[0]][key[1]] = _camera(entry, path, '/'.join(key))
    if not cameras:
        raise ValueError(f"{path}: no cameras. Point to MMPose's cameras.pkl.")
    return dict(cameras)


def _unpickle(path: str) -> dict:
    try:
        with open(path, 'rb') as file:
            if os.path.getsize(path) > MAX_BYTES:
                _refuse(f'larger than {MAX_BYTES} bytes')
            content = CameraUnpickler(file).load()
    except Exception as error:  # a bad pickle raises nearly everything
        raise ValueError(
            f'{path}: not a pickle of cameras ({error}); nothing of it was '
            "run. Point to MMPose's cameras.pkl, or make cameras.json from "
            "the archives' metadata.xml."
        ) from error
    if not isinstance(content, dict):
        raise ValueError(
            f'{path}: holds a {type(content).__name__}, not a dict of '
            "cameras. Point to MMPose's cameras.pkl."
        )
    return content


def _camera(entry: dict, path: str, id_: str) -> dict:
    arrays = {
        field: value.value if isinstance(value, _Array) else value
        for field, value in entry.items()
    }
    camera = read_camera(arrays, path, id_)
    size = read_size([entry.get('w'), entry.get('h')], path, id_, 'w, h')
    return camera._replace(
        rotation=camera.rotation.T, position=camera.position * 1000, size=size
    ).as_json()
