"""Running a plan: order, resume, failures, side by side."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import METRICS
from torch.distributed.run import get_args_parser as launcher_parser

from reproduction import records, runs, schedule, tables
from reproduction.children import Children, RunError, last_line
from reproduction.plan import plan
from reproduction.records import record_path
from reproduction.rows import ROOT, select
from reproduction.runs import unmeasured
from reproduction.schedule import epochs_done, run_plan
from reproduction.store import read_folders


def recorded(options):
    """The records of a run."""
    return read_folders([options.out / 'records'])


def record_of(job, options):
    """The record of a job."""
    (record,) = (
        record
        for record in recorded(options).values()
        if (record['job'], record['seed']) == (job.name, job.seed)
    )
    return record


@pytest.fixture
def jobs():
    return plan(select('1', 'H1,I1,R1'), 'tiny', [0])


def test_trains_in_order_and_evaluates_rows(jobs, options, stand_in):
    lines, evaluated = [], []
    failed = run_plan(jobs, options, lambda: evaluated.append(1), lines.append)
    assert failed == {}
    names = [line.split()[0] for line in stand_in.read_text().splitlines()]
    assert sorted(names) == sorted(job.name for job in jobs)
    for job in jobs:
        if job.parent:
            assert names.index(job.parent.name) < names.index(job.name)
    # R1, H1 and I1 have a record, the first half of H1 has none.
    assert len(recorded(options)) == 3 == len(evaluated)
    record = record_of(jobs[-1], options)
    assert record['metrics']['pckh/AUC'] == 30
    assert record['training']['seconds'] > 0
    assert record['training']['threads'] >= 1
    assert record['evaluation']['environment']['torch']
    assert '[0/4 trainings, 0/5 epochs]' in lines[0]
    # Nothing is done again, with the weights or, as in a new clone, without.
    assert unmeasured(jobs, 'synthetic', recorded(options)) == []
    assert run_plan(jobs, options, show=lines.append) == {}
    assert len(stand_in.read_text().splitlines()) == len(names)


def test_a_record_says_what_ran_not_what_is_there_at_the_end(
    jobs, options, stand_in, monkeypatch
):
    """The commit when it was started, and of every start; both halves."""
    monkeypatch.setattr(records, 'commit', lambda: 'first')
    first, i1 = jobs[-1].parent, jobs[-1]
    records.note_start(i1.folder(options.out), dict(command='c', threads=1))
    records.note_end(i1.folder(options.out), 5.0)
    monkeypatch.setattr(records, 'commit', lambda: 'second')
    assert run_plan([first, i1], options, show=lambda line: None) == {}
    record = record_of(i1, options)
    assert record['training']['commit'] == 'first, second'
    assert record['training']['seconds'] > 5
    assert record['first_half']['commit'] == 'second'


def test_a_start_that_was_killed_outright_is_counted(jobs, options, stand_in):
    """It left no seconds: those of the other starts are a lower bound."""
    job = jobs[0]
    folder = job.folder(options.out)
    for seconds in (5.0, None, None, 7.0):
        records.note_start(folder, dict(command='c', threads=1))
        if seconds:
            records.note_end(folder, seconds)
    assert run_plan([job], options, show=lambda line: None) == {}
    record = record_of(job, options)
    assert record['training']['killed'] == 2
    assert record['training']['seconds'] > 12
    assert f'at least {record["training"]["seconds"]:.0f} s' in tables.how(
        dict(record, evaluation=dict(record['evaluation'], command=''))
        | dict(training=dict(record['training'], command=''))
    )


@pytest.mark.parametrize('half', ['parent', 'job'])
@pytest.mark.parametrize('damage', [b'{}', b'{"comm', b'\xff'])
def test_a_damaged_note_of_a_training_is_named(
    half, damage, jobs, options, stand_in
):
    """Before the evaluation: no record is written that no table can show."""
    job = jobs[-1]
    assert run_plan([job.parent, job], options, show=lambda line: None) == {}
    record_path(options.out, job).unlink()
    damaged = job if half == 'job' else job.parent
    note = damaged.folder(options.out) / 'training.json'
    note.write_bytes(damage)
    failed = run_plan([job.parent, job], options, show=lambda line: None)
    assert f'{note}: not a training note' in failed[job]
    assert ': delete it' in failed[job]
    assert not recorded(options)
    note.unlink()
    assert run_plan([job.parent, job], options, show=lambda line: None) == {}
    part = 'training' if half == 'job' else 'first_half'
    assert record_of(job, options)[part] is None


def test_a_stop_before_the_last_validation_is_made_up(jobs, options, stand_in):
    """Its last checkpoint is there, but the curve would lack its end."""
    first = jobs[-1].parent
    scalars = first.folder(options.out) / 'start/vis_data/scalars.json'
    scalars.parent.mkdir(parents=True)
    first.checkpoint(options.out).touch()
    lines = []
    for epoch in range(first.epochs + 1):
        lines.append(json.dumps({'pckh/AUC': 1.0, 'step': epoch}) + '\n')
        scalars.write_text(''.join(lines))
        assert run_plan([first], options, show=lambda line: None) == {}
        started = epoch + 1 if epoch < first.epochs else first.epochs
        assert len(stand_in.read_text().splitlines()) == started


def test_the_halves_of_a_row_start_from_one_backbone(
    jobs, options, stand_in, tmp_path
):
    first, i1 = jobs[-1].parent, jobs[-1]
    note = dict(command='c', threads=1, backbone='sha256 0123')
    records.note_start(first.folder(options.out), note)
    first.checkpoint(options.out).touch()
    failed = run_plan([first, i1], options, show=lambda line: None)
    (reason,) = failed.values()
    assert reason.startswith(f'{first.name} started from the backbone sha256')
    first.checkpoint(options.out).unlink()
    failed = run_plan([first], options, show=lambda line: None)
    assert 'BACKBONE_CHECKPOINT is None' in failed[first]


def test_only_what_has_no_record_is_trained(jobs, options, stand_in):
    """I1's record is deleted: I1 again, and what it starts from; not H1."""
    assert run_plan(jobs, options, show=lambda line: None) == {}
    (i1,) = (job for job in jobs if job.name.startswith('i1_'))
    record_path(options.out, i1).unlink()
    todo = unmeasured(jobs, 'synthetic', recorded(options))
    assert todo == [i1.parent, i1]


def test_configs_are_written_before_the_threads_start(
    jobs, options, monkeypatch
):
    """mmengine reads one config at a time."""

    def run_job(job, *rest):
        for each in jobs:
            assert (each.folder(options.out) / 'config.py').is_file()

    monkeypatch.setattr(schedule, 'run_job', run_job)
    assert run_plan(jobs, options, show=lambda line: None) == {}


def test_a_surprise_in_a_row_does_not_stop_the_others(
    jobs, options, stand_in, monkeypatch
):
    def run_job(job, *rest):
        if job.name.startswith('r1_'):
            raise TypeError('unforeseen')
        runs.run_job(job, *rest)

    monkeypatch.setattr(schedule, 'run_job', run_job)
    failed = run_plan(jobs, options, show=lambda line: None)
    assert list(failed.values()) == ['TypeError: unforeseen']
    assert len(recorded(options)) == 2


def test_a_failing_row_stops_only_what_starts_from_it(
    jobs, options, stand_in, monkeypatch
):
    monkeypatch.setenv('STAND_IN_FAILS', 'h1_res18w16-2deconv_1e')
    lines = []
    failed = run_plan(jobs, options, show=lines.append)
    reasons = {job.name.split('_mpii')[0]: why for job, why in failed.items()}
    assert set(reasons) == {
        'h1_res18w16-2deconv_1e',
        'h1_res18w16-2deconv_1+1e',
        'i1_res18w16-2deconv_1+1e',
    }
    assert (
        'ValueError: the data is broken' in reasons['h1_res18w16-2deconv_1e']
    )
    assert 'which failed' in reasons['i1_res18w16-2deconv_1+1e']
    assert sum('FAILED' in line for line in lines) == 3
    # R1 was trained all the same; the next try does the rest.
    assert [key[2][:3] for key in recorded(options)] == ['r1_']
    monkeypatch.delenv('STAND_IN_FAILS')
    assert run_plan(jobs, options, show=lines.append) == {}


def test_a_stop_ends_the_children_and_the_next_start_goes_on(
    options, stand_in, monkeypatch
):
    """I* of two epochs hangs after its first: Ctrl-C, then again."""
    (job,) = plan(select('1', 'I*'), 'tiny', [0])
    monkeypatch.setenv('STAND_IN_HANGS', 'istar')
    seen = []

    def show(line):
        seen.append(line)
        if epochs_done(job, options.out) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr('reproduction.schedule.PATIENCE', 0.1)
    with pytest.raises(KeyboardInterrupt):
        run_plan([job], options, show=show)
    assert epochs_done(job, options.out) == 1
    note = json.loads((job.folder(options.out) / 'training.json').read_text())
    monkeypatch.delenv('STAND_IN_HANGS')
    lines = []
    assert run_plan([job], options, show=lines.append) == {}
    assert '1/2 epochs' in lines[0]
    # It continued after the first epoch, and the times were added up.
    assert job.checkpoint(options.out).read_text() == 'from 1'
    again = json.loads((job.folder(options.out) / 'training.json').read_text())
    assert again['seconds'] > note['seconds'] > 0
    assert all('--resume' in s for s in stand_in.read_text().splitlines())


def test_two_commands_do_not_train_the_same_row(options, stand_in):
    """The second waits, and finds the row trained."""
    (job,) = plan(select('1', 'R1'), 'tiny', [0])
    lock = job.folder(options.out) / 'lock'
    lock.parent.mkdir(parents=True)
    # Another command holds the row, and trains it meanwhile.
    script = (
        'import fcntl, sys, time; from pathlib import Path\n'
        'file = open(sys.argv[1], "w"); fcntl.flock(file, fcntl.LOCK_EX)\n'
        'print("held", flush=True); time.sleep(2)\n'
        'Path(sys.argv[2]).write_text("from elsewhere")\n'
    )
    checkpoint = job.checkpoint(options.out)
    other = subprocess.Popen(
        [sys.executable, '-c', script, lock, checkpoint],
        stdout=subprocess.PIPE,
    )
    assert other.stdout.readline() == b'held\n'
    assert run_plan([job], options, show=lambda line: None) == {}
    assert other.wait() == 0
    other.stdout.close()
    assert stand_in.read_text() == ''
    assert checkpoint.read_text() == 'from elsewhere'
    assert [key[2][:3] for key in recorded(options)] == ['r1_']


def test_an_orphaned_training_keeps_the_row(tmp_path):
    """kill -9 of the command: its training holds the lock to its end."""
    script = (
        'import sys; from pathlib import Path\n'
        f'sys.path.insert(0, {str(ROOT)!r})\n'
        'from reproduction.children import Children, hold_lock\n'
        'folder, children = Path(sys.argv[1]), Children()\n'
        'with hold_lock(folder / "lock", children) as lock:\n'
        '    children.run(["sh", "-c", "echo $$; exec sleep 600"],\n'
        '                 folder / "log", {}, [lock])\n'
    )
    command = subprocess.Popen([sys.executable, '-c', script, tmp_path])
    log, lock = tmp_path / 'log', tmp_path / 'lock'
    wait_for(lambda: log.is_file() and log.read_text())
    command.kill()
    command.wait()
    orphan = int(log.read_text())
    try:
        assert not is_free(lock)
    finally:
        os.kill(orphan, signal.SIGKILL)
    wait_for(lambda: is_free(lock))


def is_free(lock):
    """Whether nobody holds the lock."""
    with open(lock) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def wait_for(condition, patience=600.0):
    """Fail if the condition does not become true."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, 'it did not happen'
        time.sleep(0.05)


def test_waiting_for_another_command_can_be_stopped(
    options, stand_in, monkeypatch
):
    (job,) = plan(select('1', 'R1'), 'tiny', [0])
    lock = job.folder(options.out) / 'lock'
    lock.parent.mkdir(parents=True)
    monkeypatch.setattr('reproduction.schedule.PATIENCE', 0.1)
    seen = []

    def show(line):
        seen.append(line)
        if len(seen) > 2:
            raise KeyboardInterrupt

    with open(lock, 'w') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(KeyboardInterrupt):
            run_plan([job], options, show=show)
    assert stand_in.read_text() == ''


def test_side_by_side_shares_the_cores(jobs, options, stand_in, monkeypatch):
    monkeypatch.setattr('os.sched_getaffinity', lambda pid: set(range(6)))
    seen = []
    two = options._replace(jobs=2)
    assert run_plan(jobs, two, show=seen.append) == {}
    assert any(line.count(' epoch ') == 2 for line in seen)
    for job in jobs:
        log = (job.folder(options.out) / 'train.log').read_text()
        assert log.split()[2] == '3'  # threads of each


def test_macos_tells_the_cores_of_the_machine(monkeypatch):
    monkeypatch.delattr('os.sched_getaffinity')
    monkeypatch.setattr('os.cpu_count', lambda: 6)
    assert runs.cores() == 6
    monkeypatch.setattr('os.cpu_count', lambda: None)
    assert runs.cores() == 1


def test_settings_of_the_user_stay(options, monkeypatch):
    monkeypatch.delenv('MALLOC_TRIM_THRESHOLD_', raising=False)
    monkeypatch.setenv('OMP_WAIT_POLICY', 'ACTIVE')
    env = runs.child_env(options, 0)
    assert env['OMP_WAIT_POLICY'] == 'ACTIVE'
    assert int(env['MALLOC_TRIM_THRESHOLD_']) > 2**32


def test_gpus_are_assigned(options, monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    two = options._replace(jobs=3)
    seen = [
        runs.child_env(two, slot)['CUDA_VISIBLE_DEVICES'] for slot in range(3)
    ]
    assert seen == ['0', '1', '0']
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '5,7')
    assert [
        runs.child_env(two, slot)['CUDA_VISIBLE_DEVICES'] for slot in range(3)
    ] == ['5', '7', '5']


def test_a_launcher_sees_all_gpus(options, monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '5,7')
    ddp = options._replace(jobs=2, launcher='pytorch')
    envs = [runs.child_env(ddp, slot) for slot in range(2)]
    assert all(env['CUDA_VISIBLE_DEVICES'] == '5,7' for env in envs)


def test_launcher_is_the_command_of_the_user(options, tmp_path):
    (job,) = plan(select('1', 'R1'), 'tiny', [0])
    ddp = options._replace(launcher='pytorch')
    command = runs.train_command(tmp_path, ddp)
    assert command[0] == sys.executable
    # torch's own parser of its launcher reads it.
    args = launcher_parser().parse_args(command[3:])
    assert args.nproc_per_node == '2' and args.standalone
    assert args.training_script.endswith('tools/train.py')
    assert args.training_script_args == [
        str(tmp_path / 'config.py'),
        *('--work-dir', str(tmp_path), '--resume'),
        *('--launcher', 'pytorch'),
    ]


def test_coco_is_scored_with_and_without_the_maps(options):
    """K23: the scores of the boxes alone, in the same evaluation."""
    init_default_scope('mmpose')
    (job,) = [j for j in plan(select('6', 'I1'), 'tiny', [0]) if j.parent]
    cfg = Config.fromfile(runs.write_config(job, options))
    found = [METRICS.build(each) for each in cfg.test_evaluator]
    assert [(m.prefix, m.score_mode) for m in found] == [
        ('coco', 'bbox_keypoint'),
        ('coco_bbox', 'bbox'),
    ]


def test_the_public_split_replaces_the_hidden_one(options):
    """MPII's test set has no truth: lspet's val stands in."""
    (row,) = select('5', 'regression.R1')
    (job,) = plan([row], 'tiny', [0])
    cfg = Config.fromfile(
        runs.write_config(job, options._replace(data='lspet'))
    )
    assert cfg.train_dataloader.dataset.split == 'train'
    assert cfg.test_dataloader.dataset.split == 'val'
    assert cfg.test_evaluator.type == 'PCKhCurve'
    assert cfg.model.test_cfg.flip_test
    real = Config.fromfile(
        runs.write_config(job, options._replace(data='real'))
    )
    assert real.train_dataloader.dataset.split == 'trainval'
    assert real.test_evaluator.type == 'MpiiSubmission'


def test_the_reason_of_a_failure(tmp_path):
    """The tool's own word; of several processes, not torchrun's frame."""
    log = tmp_path / 'train.log'
    log.write_text(
        'Epoch 1\ntrain.py: no data (--debug shows where)\n\n====\n'
    )
    assert last_line(log) == 'train.py: no data (--debug shows where)'
    log.write_text(
        'Traceback\nRuntimeError: out of memory\n'
        'torch.distributed.elastic.ChildFailedError: \n====\nFailures:\n'
    )
    assert last_line(log) == 'RuntimeError: out of memory'
    log.write_text('ValueError: the first try\n')
    with pytest.raises(RunError, match='^No space left'):
        Children().run(['sh', '-c', 'echo No space left; exit 1'], log, {})
    log.write_text('Killed\n---\n')
    assert last_line(log) == 'Killed'
    log.write_text('')
    assert last_line(log) == 'no output'
