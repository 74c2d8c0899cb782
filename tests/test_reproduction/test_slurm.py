"""Slurm: a job for each training, through a stand-in sbatch."""

import os
import stat
import subprocess
import sys
from argparse import Namespace

import pytest

from reproduction.plan import plan
from reproduction.rows import select
from reproduction.slurm import submit

#: Gives numbers from 101 on, and keeps what it was asked.
SBATCH = """#!/bin/sh
echo "$@" >> "$SBATCH_LOG"
echo "$((100 + $(wc -l < "$SBATCH_LOG")));cluster"
"""


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """A sbatch on the PATH; returns the file of its command lines."""
    path = tmp_path / 'bin/sbatch'
    path.parent.mkdir()
    path.write_text(SBATCH)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv('PATH', f'{path.parent}:{os.environ["PATH"]}')
    monkeypatch.setenv('SBATCH_LOG', str(tmp_path / 'sbatch.txt'))
    monkeypatch.setenv('SBATCH_ARGS', '--partition=gpu --gres=gpu:4')
    monkeypatch.setenv('MPII_ROOT', '/data/my mpii')
    monkeypatch.setenv('BACKBONE_CHECKPOINT', '/data/my resnet.pth')
    return tmp_path / 'sbatch.txt'


@pytest.fixture
def args(tmp_path):
    return Namespace(
        table='1',
        data='real',
        scale='paper',
        launcher='pytorch',
        out=tmp_path / 'out',
        results=None,
    )


def test_a_job_for_each_training_after_what_it_starts_from(
    sbatch, args, tmp_path, capsys
):
    rows = select('1', 'H1,I1,I*')
    jobs = plan(rows, 'paper', [0])
    assert submit(jobs, rows, args, tmp_path / 'out') == 0
    calls = sbatch.read_text().splitlines()
    assert len(calls) == len(jobs) == 4
    number = {job: str(101 + n) for n, job in enumerate(jobs)}
    for job, call in zip(jobs, calls):
        assert '--parsable' in call and '--gres=gpu:4' in call
        after = f'--dependency=afterok:{number.get(job.parent)}'
        assert (after in call) == (job.parent is not None)
        # else a job whose first half failed waits for ever
        assert ('--kill-on-invalid-dep=yes' in call) == (after in call)
    assert sum('--dependency' in call for call in calls) == 2
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f'{number[job]}: {job.title}' for job in jobs]


def test_the_scripts_are_shell_and_run_one_training(sbatch, args, tmp_path):
    rows = select('1', 'I1')
    jobs = plan(rows, 'paper', [2])
    submit(jobs, rows, args, tmp_path / 'out')
    for job in jobs:
        script = job.folder(tmp_path / 'out') / 'job.sh'
        text = script.read_text()
        subprocess.run(['bash', '-n', str(script)], check=True)
        assert f'--job={job.name}' in text and '--seeds=2' in text
        assert '--launcher=pytorch' in text
        assert "export MPII_ROOT='/data/my mpii'" in text
        assert "export BACKBONE_CHECKPOINT='/data/my resnet.pth'" in text


#: Runs the command once for each node, as srun does, but one by one.
SRUN = """#!/bin/sh
echo "$@" | cut -d' ' -f1,2; echo "cpus $SRUN_CPUS_PER_TASK"; shift 2
for node in 0 1; do SLURM_NODEID=$node "$@"; done
"""
#: More hosts than a pipe holds: a reader that leaves early would kill it.
SCONTROL = '[ -z "$DOWN" ] && exec seq -f node%g 7 20000'
NODE = 'echo "$NODE_RANK of $NNODES at $MASTER_ADDR:$PORT runs $2"'


def test_a_script_runs_on_every_node(sbatch, args, tmp_path, monkeypatch):
    rows = select('1', 'R1')
    [job] = plan(rows, 'paper', [0])
    submit([job], rows, args, tmp_path / 'out')
    script = job.folder(tmp_path / 'out') / 'job.sh'
    for name, text in dict(srun=SRUN, scontrol=SCONTROL, node=NODE).items():
        path = tmp_path / 'bin' / name
        path.write_text(f'#!/bin/sh\n{text}' if name != 'srun' else text)
        path.chmod(0o755)
    stand_in = str(tmp_path / 'bin/node')
    script.write_text(script.read_text().replace(sys.executable, stand_in))
    monkeypatch.delenv('PORT', raising=False)
    for name, value in dict(
        NNODES='2', JOB_ID='50007', JOB_NODELIST='n', CPUS_ON_NODE='16'
    ).items():
        monkeypatch.setenv(f'SLURM_{name}', value)
    said = subprocess.check_output(['bash', str(script)], text=True)
    assert said.splitlines() == [
        '--ntasks=2 --ntasks-per-node=1',
        'cpus 16',
        '0 of 2 at node7:30007 runs --table=1',
        '1 of 2 at node7:30007 runs --table=1',
    ]
    monkeypatch.setenv('DOWN', '1')
    assert subprocess.call(['bash', str(script)]) == 1
    monkeypatch.setenv('SLURM_NNODES', '1')
    said = subprocess.check_output(['bash', str(script)], text=True)
    assert said.splitlines() == [' of 1 at : runs --table=1']


def test_what_sbatch_says_is_passed_on(sbatch, args, tmp_path):
    path = tmp_path / 'bin/sbatch'
    path.write_text('#!/bin/sh\necho no such partition >&2; exit 1\n')
    rows = select('1', 'R1')
    with pytest.raises(ValueError, match='refused .*: no such partition'):
        submit(plan(rows, 'paper', [0]), rows, args, tmp_path / 'out')


def test_without_sbatch(args, tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    rows = select('1', 'R1')
    with pytest.raises(FileNotFoundError, match='needs sbatch on the PATH'):
        submit(plan(rows, 'paper', [0]), rows, args, tmp_path / 'out')
