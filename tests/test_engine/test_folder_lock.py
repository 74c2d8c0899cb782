"""Two trainings in one folder: the second is told who holds it."""

import errno
import multiprocessing
import os
import runpy
import signal
import sys
import time

import pytest

from integral_mmpose.engine import folder_lock
from integral_mmpose.files import TEMPORARY_SUFFIX

FORK = multiprocessing.get_context('fork')
HOOKS = dict(checkpoint=dict(type='AtomicCheckpointHook'))


def _hold_until_killed(folder, ready):
    folder_lock.hold(folder)
    if os.fork() == 0:  # as a worker of the data loader, which outlives it
        time.sleep(30)
        os._exit(0)
    ready.set()
    signal.pause()


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    (tmp_path / 'work').mkdir(exist_ok=True)
    ready = FORK.Event()
    process = FORK.Process(
        target=_hold_until_killed, args=(tmp_path / 'work', ready)
    )
    process.start()
    assert ready.wait(20)
    yield process
    process.kill()
    process.join()


def test_the_second_is_told_of_the_first(make_runner, tmp_path, holder):
    left = tmp_path / f'work/epoch_1.pth.7{TEMPORARY_SUFFIX}'
    left.touch()
    runner = make_runner(default_hooks=HOOKS)
    with pytest.raises(ValueError, match=f'process {holder.pid} on .*work-d'):
        runner.train()
    assert left.exists() and not list(tmp_path.glob('work/*.pth'))
    holder.kill()
    holder.join()
    make_runner(default_hooks=HOOKS).train()
    assert not left.exists()
    assert (tmp_path / 'work/epoch_2.pth').is_file()


def test_a_finished_training_leaves_the_folder(make_runner, tmp_path):
    make_runner(default_hooks=HOOKS, max_epochs=1).train()
    assert not folder_lock.holds(tmp_path / 'work')
    ready = FORK.Event()
    process = FORK.Process(
        target=_hold_until_killed, args=(tmp_path / 'work', ready)
    )
    process.start()
    assert ready.wait(20)
    process.kill()
    process.join()


def test_without_locks_there_is_a_warning(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(folder_lock.fcntl, 'lockf', refuse)
    with pytest.warns(UserWarning, match='No locks available'):
        folder_lock.hold(tmp_path)
    assert not folder_lock.holds(tmp_path)


def test_windows_has_no_locks(tmp_path, monkeypatch):
    """One warning for a folder, however often it is locked."""
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, 'fcntl', None)
        assert runpy.run_path(folder_lock.__file__)['fcntl'] is None
    monkeypatch.setattr(folder_lock, 'fcntl', None)
    with pytest.warns(UserWarning, match='second training in it') as warned:
        for _ in range(3):
            folder_lock.hold(tmp_path)
    [warning] = warned
    assert str(tmp_path) in str(warning.message)
    assert warning.filename == __file__
    assert not folder_lock.holds(tmp_path) and not list(tmp_path.iterdir())
    folder_lock.release(tmp_path)
