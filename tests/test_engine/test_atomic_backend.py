"""A write that fails leaves what was there."""

import errno
import multiprocessing
import os
import resource

import pytest
from mmengine.fileio import LocalBackend

from integral_mmpose.engine import AtomicLocalBackend
from integral_mmpose.files import remove_leftovers, write_atomically

FORK = multiprocessing.get_context('fork')
OLD, NEW = b'old' * 100, b'new' * 100_000


def _put_with_limit(backend, path, limit):
    """Write with a real limit of the system on the size of files."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        backend.put(NEW, path)
    except OSError as error:
        os._exit(3 if str(path) in str(error) else 4)
    os._exit(0)


def _exit_code(backend, path, limit):
    process = FORK.Process(
        target=_put_with_limit, args=(backend, str(path), limit)
    )
    process.start()
    process.join()
    return process.exitcode


def test_writes_bytes_and_text(tmp_path):
    backend = AtomicLocalBackend()
    backend.put(NEW, tmp_path / 'a' / 'b.bin')
    backend.put_text('grün', tmp_path / 'c.txt')
    assert (tmp_path / 'a' / 'b.bin').read_bytes() == NEW
    assert (tmp_path / 'c.txt').read_text('utf-8') == 'grün'
    assert sorted(p.name for p in tmp_path.rglob('*')) == [
        'a',
        'b.bin',
        'c.txt',
    ]


@pytest.mark.parametrize('limit', [0, 1, 4096, 299_999])
def test_full_disk_keeps_the_old_file(tmp_path, limit):
    path = tmp_path / 'file'
    path.write_bytes(OLD)
    assert _exit_code(AtomicLocalBackend(), path, limit) == 3
    assert path.read_bytes() == OLD
    assert [p.name for p in tmp_path.iterdir()] == ['file']


def test_full_disk_tears_mmengine_s_file(tmp_path):
    """Negative control: the upstream back end leaves a torn file."""
    path = tmp_path / 'file'
    path.write_bytes(OLD)
    assert _exit_code(LocalBackend(), path, 4096) != 0
    assert path.read_bytes() not in (OLD, NEW)


def test_error_names_path_and_size(tmp_path, monkeypatch):

    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match=r'0\.3 MB could not.*file') as caught:
        write_atomically(tmp_path / 'file', NEW)
    assert caught.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())


def test_leftovers_of_a_kill_are_removed(tmp_path):
    (tmp_path / 'epoch_3.pth.77.tmp-write').write_bytes(OLD)
    (tmp_path / 'epoch_2.pth').write_bytes(OLD)
    remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ['epoch_2.pth']
