"""What the command lines of tools and laboratory share."""

import argparse
import functools
import hashlib
import sys
from pathlib import Path
from typing import Callable, Optional, Union

from .files import write_atomically


def make_parser(
    text: Optional[str], name: Optional[str] = None
) -> argparse.ArgumentParser:
    """A parser whose help shows the docstring of the tool as it is.

    ``name`` is the command's; by default that of the file that runs.
    """
    return argparse.ArgumentParser(
        prog=name,
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def at_least_one(text: str) -> int:
    """Parse a whole number of at least 1, for argparse.

    Raises:
        ArgumentTypeError: If it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'must be at least 1, got {text}')
    return int(text)


def write_and_report(path: Union[str, Path], content: bytes) -> None:
    """Write a file in one step; print its size and hash."""
    write_atomically(path, content)
    digest = hashlib.sha256(content).hexdigest()
    print(f'{path}: {len(content)} bytes, sha256 {digest}')


def reports_errors(main: Callable) -> Callable[..., int]:
    """Let ``main`` print what a user can correct in one line, and return 1.

    After Ctrl-C it returns 130, as shells do.

    Example:
        >>> reports_errors(lambda: None)()
        0
    """

    @functools.wraps(main)
    def run(*args, **kwargs) -> int:
        try:
            return main(*args, **kwargs) or 0
        except (ImportError, ValueError, OSError) as error:
            print(f'error: {error}', file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print('interrupted', file=sys.stderr)
            return 130

    return run
