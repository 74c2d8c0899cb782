"""Stands in for training and testing, and for their records."""

import json

import pytest

from reproduction import runs
from reproduction.plan import job_of
from reproduction.store import read_folders

#: Writes a checkpoint for each epoch; fails or hangs where told to.
TRAIN = """
import os, sys, time
from pathlib import Path
folder = Path(sys.argv[sys.argv.index('--work-dir') + 1])
text = Path(sys.argv[1]).read_text()
name = folder.parent.name
print('start', name, os.environ['OMP_NUM_THREADS'])
log = Path(os.environ['STAND_IN_LOG'])
with log.open('a') as file:
    file.write(f'{name} {folder.name} {sys.argv[-1]}\\n')
if name.startswith(os.environ.get('STAND_IN_FAILS', 'nothing')):
    sys.exit('ValueError: the data is broken')
epochs = int(text.split('max_epochs=')[1].split(',')[0].split(')')[0])
done = len(list(folder.glob('epoch_*.pth')))
for epoch in range(done + 1, epochs + 1):
    (folder / f'epoch_{epoch}.pth').write_text(f'from {done}')
    hang = os.environ.get('STAND_IN_HANGS')
    if hang and name.startswith(hang):
        time.sleep(600)
"""
TEST = """
import json, sys
from pathlib import Path
out = Path(sys.argv[sys.argv.index('--out') + 1])
assert Path(sys.argv[2]).is_file()
out.write_text(json.dumps({'pckh/PCKh@0.5': 50.0, 'pckh/PCKh@0.1': 10.0,
                           'pckh/AUC': 30.0, 'h36m/MPJPE': 90.0}))
out.with_name('test.json').write_text(json.dumps(dict(
    alpha=[n / 100 for n in range(51)], PCKh=[50.0] * 51, PCKh_per_group={},
    distances=[[0.1, None]], counted=[0])))
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """tools/train.py and tools/test.py that only pretend; returns the log."""
    root = tmp_path / 'root'
    (root / 'tools').mkdir(parents=True)
    (root / 'tools/train.py').write_text(TRAIN)
    (root / 'tools/test.py').write_text(TEST)
    monkeypatch.setattr(runs, 'ROOT', root)
    log = tmp_path / 'trained.txt'
    log.touch()
    monkeypatch.setenv('STAND_IN_LOG', str(log))
    return log


@pytest.fixture
def options(tmp_path):
    """Where a plan is run in tests."""
    return runs.Options(tmp_path / 'out', 'synthetic', {}, 'command')


@pytest.fixture
def write_fake_record(tmp_path):
    """Writes a record of a row with metrics of one's own, or with any."""

    def write(row, seed, metrics, data='synthetic', scale='small'):
        job = job_of(row, scale, seed)
        name = f'{data}-{scale}-{job.name}-seed{seed}.json'
        path = tmp_path / 'records' / name
        path.parent.mkdir(exist_ok=True)
        record = dict(
            job=job.name,
            data=data,
            scale=scale,
            seed=seed,
            epochs=12,
            starts_from=None,
            metrics=metrics or {'pckh/AUC': 1.0},
            curve=[1.0] * 51,
            history=[[4, 3.0]],
            training=None,
            evaluation=dict(
                threads=1,
                device='CPU',
                commit='abc',
                command='python reproduction/reproduce.py',
                environment=dict(torch='2'),
                finished='now',
            ),
        )
        path.write_text(json.dumps(record))
        return path

    return write


@pytest.fixture
def records_of(tmp_path):
    """Reads what ``write_fake_record`` wrote."""
    return lambda: read_folders([tmp_path / 'records'])
