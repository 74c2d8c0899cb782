"""Reading ahead: order, limits, errors, an early end."""

import shutil
import subprocess
import sys
import threading

import pytest

from integral_mmpose.inference import prefetch
from integral_mmpose.inference.prefetch import AHEAD, read_ahead

BLOCKED = """
import time
from prefetch import read_ahead

def items():
    yield 1
    time.sleep(60)

def main():
    ahead = read_ahead(items())
    next(ahead)
    raise ValueError('network')

main()
"""


def test_another_thread_reads_in_order():
    seen = []

    def items():
        for number in range(20):
            seen.append(threading.get_ident())
            yield number

    assert list(read_ahead(items())) == list(range(20))
    assert len(set(seen)) == 1 and seen[0] != threading.get_ident()


def test_only_a_few_are_ahead_and_an_early_end_stops_the_thread():
    taken, before = [], threading.active_count()

    def items():
        for number in range(10**9):
            taken.append(number)
            yield number

    ahead = read_ahead(items())
    assert next(ahead) == 0
    ahead.close()
    assert threading.active_count() == before
    # One that was given out, those that wait, one in the hand of the thread.
    assert len(taken) <= 1 + AHEAD + 1


def test_an_error_comes_behind_what_was_read():
    def items():
        yield 1
        raise OSError('torn')

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match='torn'):
        next(ahead)


def test_a_blocked_reader_does_not_hold_up_an_error(tmp_path):
    """The thread of a ThreadPoolExecutor would: Python joins it at exit."""
    shutil.copy(prefetch.__file__, tmp_path)
    command = [sys.executable, '-c', BLOCKED]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert run.returncode == 1 and 'ValueError: network' in run.stderr
