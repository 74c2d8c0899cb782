"""Entries of a table that a user gives by the names of images."""

import os
import posixpath
from pathlib import PurePosixPath
from typing import Any, Dict, Mapping


class ByImage:
    """A table whose entries are found by the end of an image's path.

    ``/data/val/7.jpg`` is looked up as it is given, then as
    ``data/val/7.jpg``, ``val/7.jpg`` and ``7.jpg``, at last by its number, 7.

    Args:
        table (Mapping): Name of an image -> anything.
        what (str): The name of the table, for errors.

    Raises:
        ValueError: If two names are the same path, as ``a.jpg``, ``./a.jpg``.
    """

    def __init__(self, table: Mapping, what: str) -> None:
        self._table, self._what = table, what
        self._keys: Dict[str, Any] = {}
        for key in table:
            first = self._keys.setdefault(_normal(str(key)), key)
            if first is not key:
                raise ValueError(
                    f'{what}: {first} and {key} name one image: keep one'
                )
        self._used: Dict[Any, str] = {}

    def key_of(self, name: str) -> Any:
        """The key of an image.

        Raises:
            ValueError: If there is none, or it was that of another image.
        """
        parts = _normal(os.path.abspath(name)).split('/')
        stem = PurePosixPath(parts[-1]).stem
        number = [str(int(stem))] if stem.isdecimal() else []
        ends = ['/'.join(parts[i:]) for i in range(len(parts))]
        for end in (_normal(name), *ends, *number):
            if end in self._keys:
                break
        else:
            raise ValueError(
                f'{self._what}: no entry for {parts[-1]}: add it ([] '
                'for no person)'
            )
        key, path = self._keys[end], os.path.realpath(name)
        first = self._used.setdefault(key, path)
        if first != path:
            raise ValueError(
                f'{self._what}: the entry {key} is that of {first} or of '
                f'{path}: give both by folder and name'
            )
        return key

    def __getitem__(self, name: str) -> Any:
        return self._table[self.key_of(name)]


def _normal(path: str) -> str:
    """Without ``./``, and with the separators of the web."""
    return posixpath.normpath(path.replace('\\', '/'))
