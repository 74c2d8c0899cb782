"""A JSON file whose entries are on the disk as soon as they are known.

A run of hours may be stopped or killed: every entry is a line of
``FILE.partial``, which is JSON by itself. At the end they become one file, in
one step and without holding them in memory.
"""

import json
import os
from pathlib import Path
from typing import Iterator, Union


class GrowingJson:
    """Entries of a JSON list, written as they come.

    Args:
        path (str | Path): The finished file. An old ``.partial`` beside it is
            replaced.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        self.partial = Path(f'{path}.partial')
        self.count = 0
        self._file = open(self.partial, 'w', encoding='utf-8')

    def add(self, entry) -> None:
        """Append an entry, a JSON value; it is readable at once."""
        try:
            self._file.write(json.dumps(entry) + '\n')
            self._file.flush()
        except OSError as error:
            raise OSError(
                error.errno,
                f'{error.strerror}: what was written before is kept',
                str(self.partial),
            ) from error
        self.count += 1

    def entries(self) -> Iterator:
        """The entries so far, in their order."""
        with open(self.partial, encoding='utf-8') as file:
            yield from map(json.loads, file)

    def finish(self, head: str = '[', tail: str = ']', cut=str.strip) -> None:
        """Join the entries to one file and remove the partial one.

        Args:
            head (str): JSON before the entries.
            tail (str): JSON behind them.
            cut (Callable): Of a line, what stands in the file.
        """
        self._file.close()
        joined = Path(f'{self.path}.{os.getpid()}.tmp-write')
        try:
            with (
                open(self.partial, encoding='utf-8') as lines,
                open(joined, 'w', encoding='utf-8') as file,
            ):
                file.write(head)
                for number, line in enumerate(lines):
                    file.write(',\n' * bool(number) + cut(line))
                file.write(tail)
            os.replace(joined, self.path)
        finally:
            joined.unlink(missing_ok=True)
        self.partial.unlink()
