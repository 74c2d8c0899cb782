"""Files are there whole or not at all, and JSON files are read strictly.

A file is made under a temporary name in the same folder, and then renamed,
which POSIX does in one step.
"""

import json
import os
import os.path as osp
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Tuple, Union

TEMPORARY_SUFFIX = '.tmp-write'


@contextmanager
def made_beside(path: Union[str, Path]) -> Iterator[Path]:
    """Give the name under which to make a file that becomes ``path``.

    Without an error it takes the place of ``path``, of a link, too; after one
    it is removed. It is not waited for (fsync).
    """
    temporary = Path(f'{path}.{os.getpid()}{TEMPORARY_SUFFIX}')
    # A killed process of this number may have left one.
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(filepath: Union[str, Path], content: bytes) -> None:
    """Put ``content`` into ``filepath`` in one step, and onto the disk.

    Raises:
        OSError: If the disk is full or refuses, or if a folder has the name;
            names the path.
    """
    path = osp.abspath(osp.expanduser(str(filepath)))
    if osp.isdir(path):
        raise IsADirectoryError(f'{path} is a folder: give a file in it')
    os.makedirs(osp.dirname(path), exist_ok=True)
    try:
        with made_beside(path) as temporary, open(temporary, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        free_mb = shutil.disk_usage(osp.dirname(path)).free / 1e6
        raise OSError(
            error.errno,
            f'{error.strerror}: {len(content) / 1e6:.1f} MB '
            f'could not be written ({free_mb:.1f} MB are free); what was '
            'written before is untouched',
            path,
        ) from error
    _sync_folder(osp.dirname(path))


def remove_leftovers(folder: Union[str, Path]) -> None:
    """Remove temporary files that a killed process left in ``folder``."""
    for path in Path(folder).glob(f'*{TEMPORARY_SUFFIX}'):
        path.unlink()


def _sync_folder(folder: str) -> None:
    """Make the rename itself survive a power cut."""
    if os.name == 'nt':  # opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Union[str, Path], problem: str):
    """The content of a JSON file, in UTF-8 with or without a mark.

    Args:
        path (str | Path): The file.
        problem (str): What the error says of another file, after its path:
            ``'is not a JSON file with a camera'``.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no JSON file, or an object has a key twice.
    """
    try:
        if Path(path).is_dir():
            raise ValueError('it is a folder')
        # Windows editors write a byte-order mark.
        text = Path(path).read_text('utf-8-sig')
        return json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{path}: {problem} ({error}). Write it again, or point to the '
            'right file.'
        ) from error


def unique_keys(pairs: List[Tuple[str, object]]) -> dict:
    """A JSON object, for ``json.load(..., object_pairs_hook=unique_keys)``.

    Python keeps the last of two values without a word.

    Raises:
        ValueError: Naming the first key that is repeated.

    Example:
        >>> unique_keys([('id', 1), ('name', 'a')])
        {'id': 1, 'name': 'a'}
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(n for i, n in enumerate(names) if n in names[:i])
        raise ValueError(f'the key {name!r:.60} is repeated in one object')
    return found
