"""MMEngine's local files, written by rename.

MMEngine writes a checkpoint over the place where it will be read: a killed
process or a full disk leaves a torn file under the final name.
"""

from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend

from integral_mmpose.files import write_atomically


class AtomicLocalBackend(LocalBackend):
    """mmengine's local files; after an error the old content is there."""

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes.

        Raises:
            OSError: If the disk is full or refuses; names the path.
        """
        write_atomically(filepath, bytes(obj))

    def put_text(
        self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8'
    ) -> None:
        """Write a text; errors are those of :meth:`put`."""
        write_atomically(filepath, obj.encode(encoding))


#: ``backend_args`` of mmengine's functions.
ATOMIC = dict(backend='atomic_local')
register_backend(ATOMIC['backend'], AtomicLocalBackend, force=True)
