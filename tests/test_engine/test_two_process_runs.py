"""Trainings on two processes from the command line: resume and exit."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from integral_mmpose.synthetic.generate import Scale, generate

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / (
    'configs/body_3d_keypoint/integral/h36m/'
    'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
)
EPOCHS = 3


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    out = tmp_path_factory.mktemp('data')
    generate(out, 0, Scale(1, 1, 1, (8, 4), (2, 2)), 1, lambda line: None)
    return {
        f'{name.upper()}_ROOT': str(out / name) for name in ('h36m', 'mpii')
    }


def start(work_dir, roots, epochs=EPOCHS, *extra):
    """Start tools/train.py on two processes, in a group of their own."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    options = [
        'train_dataloader.batch_size=4',
        f'train_cfg.max_epochs={epochs}',
        'randomness.seed=3',
        'model.backbone.base_channels=8',
        'model.head.in_channels=64',
    ]
    return subprocess.Popen(
        [
            sys.executable,
            *'-m torch.distributed.run --nproc_per_node 2'.split(),
            f'--master_port={port}',
            str(ROOT / 'tools/train.py'),
            str(CONFIG),
            *f'--launcher pytorch --work-dir {work_dir} --resume'.split(),
            '--cfg-options',
            *options,
            *extra,  # more options, or flags
        ],
        env={**os.environ, **roots, 'OMP_NUM_THREADS': '1'},
        cwd=work_dir.parent,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors[-3000:]


@pytest.mark.dist
@pytest.mark.slow  # four starts of two processes, 40 s on a quiet machine
def test_a_killed_pair_resumes_exactly(roots, tmp_path):
    """Equal to the bit: weights, moments, schedule; killed with -9."""
    finish(start(tmp_path / 'whole', roots))
    killed = start(tmp_path / 'killed', roots)
    deadline = time.monotonic() + 300
    while not (tmp_path / 'killed/epoch_1.pth').is_file():
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    finish(start(tmp_path / 'killed', roots))
    whole, resumed = (
        torch.load(tmp_path / name / f'epoch_{EPOCHS}.pth', weights_only=True)
        for name in ('whole', 'killed')
    )
    assert whole['meta']['iter'] == resumed['meta']['iter'] > 0
    assert_same(whole['state_dict'], resumed['state_dict'])
    assert_same(whole['optimizer']['state'], resumed['optimizer']['state'])
    assert whole['param_schedulers'] == resumed['param_schedulers']


def assert_same(left, right):
    assert left.keys() == right.keys()
    for key, value in left.items():
        if isinstance(value, dict):
            assert_same(value, right[key])
        else:
            assert torch.equal(value, right[key]), key


@pytest.mark.dist
@pytest.mark.slow  # 40 starts of two processes, six minutes
def test_finished_pairs_exit_with_0(roots, tmp_path, figure):
    """Without leaving the group, about one in twenty aborts at the exit."""
    failed = {}
    for n in range(40):
        run = start(tmp_path / str(n), roots, 1, '--no-validate')
        _, errors = run.communicate(timeout=300)
        if run.returncode:
            failed[n] = errors[-3000:]
    print(failed)
    figure('R9', 'aborts of 40 finished runs', len(failed), 0)


@pytest.mark.dist
@pytest.mark.slow  # three starts of two processes, a minute
def test_an_error_stands_last(roots, tmp_path):
    """Also when it is found by rank 0 alone; --debug is the control."""
    finish(start(tmp_path / 'work', roots, 1, '--no-validate'))
    for extra, last in (((), True), (('--debug',), False)):
        again = start(tmp_path / 'work', roots, 2, '--no-validate', *extra)
        _, errors = again.communicate(timeout=300)
        assert again.returncode == 1
        lines = [line.strip() for line in errors.splitlines()]
        assert 'train_cfg.max_epochs: 1 -> 2' in errors
        end = [line for line in lines if line.strip('=')][-1]
        assert end.endswith('(--debug shows where)') == last
        if last:  # rank 0 says it, and torchrun repeats it
            told = [ln for ln in lines if ln.startswith('train.py: ')]
            assert len(told) == 1


@pytest.mark.dist
@pytest.mark.slow  # a start of two processes, 20 s
def test_a_wrong_backbone_ends_both(roots, tmp_path):
    file = tmp_path / 'other.pth'
    torch.save({'backbone.conv1.weight': torch.zeros(8, 3, 7, 7)}, file)
    init = dict(_delete_=True, type='Pretrained', checkpoint=file)
    options = [f'model.backbone.init_cfg.{k}={v}' for k, v in init.items()]
    process = start(tmp_path / 'work', roots, 1, *options)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert re.search(r'train\.py: .*does not start from .*other\.pth', errors)
    assert not list(tmp_path.glob('work/*.pth'))


@pytest.mark.dist
@pytest.mark.slow  # a start of two processes beside one of one, 30 s
def test_a_second_start_names_the_first(roots, tmp_path):
    work = tmp_path / 'work'
    first = start(work, roots)
    deadline = time.monotonic() + 300
    lock = work / '.training.lock'
    while not (lock.is_file() and lock.read_text()):
        assert time.monotonic() < deadline and first.poll() is None
        time.sleep(0.05)
    # torchrun gives each rank a session of its own.
    children = Path(f'/proc/{first.pid}/task/{first.pid}/children')
    pids = [first.pid, *map(int, children.read_text().split())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # it must not end before
    second = start(work, roots)
    _, errors = second.communicate(timeout=300)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    first.communicate()
    assert second.returncode == 1
    assert 'is in use by another training: process ' in errors
