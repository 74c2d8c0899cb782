"""A JSON file that is written entry by entry.

Every entry is a line of JSON in ``FILE.partial``, so a killed run keeps its
entries. At the end they become one file, in one step and without holding them
in memory.
"""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Union

from integral_mmpose.files import made_beside

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class GrowingJson:
    """A JSON list whose entries are written at once.

    The files of an earlier run stay until the first entry.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        self.partial = Path(f'{path}.partial')
        self._file: Any = None

    def open(self) -> None:
        """Begin the file, if it is not begun.

        Raises:
            ValueError: If another run is writing it.
        """
        if self._file is not None:
            return
        file = open(self.partial, 'a', encoding='utf-8')
        if fcntl is not None:
            try:
                # Per process: a call that was broken off blocks no other.
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise ValueError(
                    f'{self.path}: another run is writing it. Give each run '
                    'an output folder of its own'
                ) from None
            except OSError:
                pass  # a file system without locks
        file.truncate(0)  # what a killed run has left
        self._file = file

    def add(self, entry) -> None:
        """Append an entry, a JSON value, and flush it."""
        self.open()
        with self._kept():
            self._file.write(json.dumps(entry) + '\n')
            self._file.flush()

    def finish(self, head: str = '[', tail: str = ']', cut=str.strip) -> None:
        """Join the entries, if there are any, to one file.

        Args:
            head (str): JSON before the entries.
            tail (str): JSON behind them.
            cut (Callable): Of a line, what stands in the file.
        """
        if self._file is None:
            return
        with self._kept():
            self._file.close()  # a full disk may have left it a part to write
            with (
                made_beside(self.path) as joined,
                open(self.partial, encoding='utf-8') as lines,
                open(joined, 'w', encoding='utf-8') as file,
            ):
                file.write(head)
                for number, line in enumerate(lines):
                    file.write(',\n' * bool(number) + cut(line))
                file.write(tail)
        self.partial.unlink()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(
                error.errno,
                f'{error.strerror}: what was written before is kept',
                str(self.partial),
            ) from error
