"""The notes of a training: how it was started, and its record."""

import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Optional

import torch

from integral_mmpose.visualization.curves import read_scalars

from .plan import Job
from .rows import ROOT
from .store import parse, write_json, wrong_in_training

PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmdet', 'mmpose', 'numpy')
DIGITS = 4
TRAINING = 'training.json'
NOTE = (
    'not a training note',
    'delete it; the record then lacks the training time so far',
)
#: A run's own folder of records, beside its checkpoints.
RECORDS = 'records'


def record_path(out: Path, job: Job) -> Path:
    return Path(out) / RECORDS / f'{job.name}-seed{job.seed}.json'


def circumstances(facts: dict) -> dict:
    """Add commit, device, versions and time to ``facts``."""
    return dict(
        facts,
        commit=commit(),
        device=device(),
        environment=environment(),
        finished=now(),
    )


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec='seconds')


def history(folder: Path) -> list:
    """Pairs [epoch, value] of the metric that selects the best epoch."""
    try:
        scalars = read_scalars(str(folder)).validation
    except ValueError:
        return []
    for name in ('pckh/AUC', 'h36m/MPJPE', 'coco/AP'):
        if name in scalars:
            return [[e, round(v, DIGITS)] for e, v in scalars[name]]
    return []


def training_of(folder: Path) -> Optional[dict]:
    """Read the note of :func:`note_start`; ``None`` if there is none."""
    path = Path(folder) / TRAINING
    if not path.is_file():
        return None
    return parse(str(path), path.read_bytes(), wrong_in_training, NOTE)


def note_start(folder: Path, facts: dict) -> None:
    """Write how a training is started; a resumed one adds up its seconds.

    ``killed`` counts the starts without a :func:`note_end`, whose seconds are
    not known.
    """
    note, before = dict(circumstances(facts), seconds=0), training_of(folder)
    del note['finished']
    if before:
        commits = dict.fromkeys([*before['commit'].split(', '), commit()])
        note.update(commit=', '.join(commits), seconds=before['seconds'])
        killed = before.get('killed', 0) + ('finished' not in before)
        note.update(dict(killed=killed) if killed else {})
    write_json(folder / TRAINING, note)


def note_end(folder: Path, seconds: float) -> None:
    """Add the seconds of a start, and when it ended."""
    note = training_of(folder)
    note.update(seconds=round(note['seconds'] + seconds, 2), finished=now())
    write_json(folder / TRAINING, note)


def commit() -> str:
    """The commit that ran, ``+changes`` if the tree was not clean."""
    git = ['git', '-C', str(ROOT), 'describe', '--always', '--exclude=*']
    git += ['--abbrev=12', '--dirty=+changes']
    try:
        return subprocess.check_output(git, text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return 'no git'


def environment() -> dict:
    """Versions of the packages that the numbers depend on."""
    found = dict(python=platform.python_version(), system=platform.system())
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = 'absent'
    return found


def device() -> str:
    """The name of the GPU, or the architecture of the CPU."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'CPU, {platform.machine()}'
