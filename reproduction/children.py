"""Child processes: their logs, errors and end, and the locks they keep."""

import fcntl
import os
import re
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

from .rows import ROOT

#: How an error of tools/train.py, tools/test.py and Python begins.
ERROR = re.compile(r'(train|test)\.py: |(?!torch\.)[\w.]*(Error|Exception): ')


class RunError(Exception):
    """A child process failed; the text is the last line of its log."""


class Children:
    """The child processes that are running, to stop them together."""

    def __init__(self) -> None:
        self.stopped = False
        self._lock = threading.Lock()
        self._running = set()

    def run(
        self,
        command: List[str],
        log: Path,
        env: dict,
        keep: Sequence[int] = (),
    ) -> None:
        """Run a command to its end; it inherits the descriptors ``keep``.

        Raises:
            RunError: If it fails, with the last line that it printed.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, 'a', encoding='utf-8') as file:
            start = log.stat().st_size  # after what earlier tries wrote
            with self._lock:
                if self.stopped:
                    raise RunError('stopped')
                process = subprocess.Popen(
                    command,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    env=env,
                    cwd=ROOT,
                    start_new_session=True,
                    pass_fds=keep,
                )
                self._running.add(process)
            code = process.wait()
        self._running.discard(process)
        if code:
            reason = 'stopped' if self.stopped else last_line(log, start)
            raise RunError(f'{reason} (exit status {code}, {log})')

    def stop(self) -> None:
        """End all of them, with their own children, by force after 20 s."""
        with self._lock:
            self.stopped = True
            processes = list(self._running)
        for process in processes:
            _signal(process, signal.SIGTERM)
        end = time.monotonic() + 20.0
        for process in processes:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)


@contextmanager
def hold_lock(
    path: Path, children: Optional[Children] = None
) -> Iterator[int]:
    """Wait for a lock file and hold it; gives its descriptor.

    The kernel frees it when the last process that has the descriptor ends:
    this one, or a training that outlived it.

    Raises:
        RunError: If ``children`` are stopped while it waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w') as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if children and children.stopped:
                    raise RunError('stopped') from None
                time.sleep(0.5)
        yield file.fileno()


def _signal(process: subprocess.Popen, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def last_line(log: Path, start: int = 0) -> str:
    """The last error line of a log, from a byte on; else its last line.

    With several processes, torchrun's own lines follow that one.
    """
    text = log.read_bytes()[start:].decode('utf-8', errors='replace')
    lines = text.splitlines()
    lines = [line.strip() for line in lines if re.search(r'\w', line)]
    errors = [line for line in lines if ERROR.match(line)]
    return (errors or lines or ['no output'])[-1]
