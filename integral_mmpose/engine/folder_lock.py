"""One training writes into a folder at a time.

The lock is a POSIX record lock (``fcntl.lockf``): it ends with its process,
however that ends. ``fcntl.flock`` would be inherited by the workers of the
data loader, which outlive a killed training by some seconds.
"""

import errno
import os
import socket
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Dict, Union

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None

LOCK_NAME = '.training.lock'
_IN_USE = (errno.EACCES, errno.EAGAIN)
# Closing any descriptor of a locked file ends the lock of the process, so
# there is one for each folder.
_held: Dict[str, int] = {}


def hold(folder: Union[str, Path]) -> None:
    """Lock ``folder`` for this process; does nothing if it holds it already.

    Where the system or the file system has no locks, a warning says so.

    Raises:
        ValueError: If another process holds the folder; names it.
    """
    path = os.path.realpath(os.path.join(folder, LOCK_NAME))
    if path in _held:
        return
    if fcntl is None:
        _warn_of_no_lock(str(folder), 'this system has no fcntl')
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 1000).decode(errors='replace')
        os.close(descriptor)
        if error.errno not in _IN_USE:
            _warn_of_no_lock(str(folder), str(error))
            return
        raise ValueError(
            f'{folder} is in use by another training: '
            f'{holder or "unknown process"}. Wait for its end, stop it, or '
            'train with another --work-dir.'
        ) from None
    os.truncate(descriptor, 0)
    name = f'process {os.getpid()} on {socket.gethostname()}'
    os.write(descriptor, name.encode())
    _held[path] = descriptor


@lru_cache(maxsize=None)  # a training locks its folder more than once
def _warn_of_no_lock(folder: str, why: str) -> None:
    warnings.warn(
        f'{folder} cannot be locked ({why}): a second training in it would '
        'not be noticed. Do not start one.',
        stacklevel=3,
    )


def holds(folder: Union[str, Path]) -> bool:
    """Whether this process holds ``folder``."""
    return os.path.realpath(os.path.join(folder, LOCK_NAME)) in _held


def release(folder: Union[str, Path]) -> None:
    """Let another process hold the folder."""
    path = os.path.realpath(os.path.join(folder, LOCK_NAME))
    if path in _held:
        os.close(_held.pop(path))
