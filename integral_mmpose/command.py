"""What the command lines of tools and laboratory share."""

import argparse
import functools
import sys
from typing import Callable, Optional


def make_parser(text: Optional[str]) -> argparse.ArgumentParser:
    """A parser whose help shows the docstring of the tool as it is."""
    return argparse.ArgumentParser(
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def reports_errors(main: Callable) -> Callable[..., int]:
    """Let ``main`` print what a user can correct in one line, and return 1.

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

    return run
