"""A file is there whole or not at all.

The bytes go to a temporary file in the same folder, onto the disk (fsync),
and are then renamed, which POSIX does in one step.
"""

import os
import os.path as osp
import shutil
from pathlib import Path
from typing import Union

TEMPORARY_SUFFIX = '.tmp-write'


def write_atomically(filepath: Union[str, Path], content: bytes) -> None:
    """Put ``content`` into ``filepath`` in one step.

    Raises:
        OSError: If the disk is full or refuses, or if a folder has the name;
            names the path.
    """
    path = osp.abspath(osp.expanduser(str(filepath)))
    if osp.isdir(path):
        raise IsADirectoryError(f'{path} is a folder: give a file in it')
    os.makedirs(osp.dirname(path), exist_ok=True)
    temporary = f'{path}.{os.getpid()}{TEMPORARY_SUFFIX}'
    try:
        with open(temporary, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        free_mb = shutil.disk_usage(osp.dirname(path)).free / 1e6
        raise OSError(
            error.errno,
            f'{error.strerror}: {len(content) / 1e6:.1f} MB '
            f'could not be written ({free_mb:.1f} MB are free); what was '
            'written before is untouched',
            path,
        ) from error
    finally:
        if osp.exists(temporary):
            os.remove(temporary)
    _sync_folder(osp.dirname(path))


def remove_leftovers(folder: Union[str, Path]) -> None:
    """Remove temporary files that a killed process left in ``folder``."""
    for path in Path(folder).glob(f'*{TEMPORARY_SUFFIX}'):
        path.unlink()


def _sync_folder(folder: str) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
