"""The work directory of MMPose's tools: made, locked, resumed, kept."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

#: --resume, --resume=auto, or as short as argparse takes it.
RESUME = '--r'
#: Where a launcher says which process this is, before mmengine sets RANK.
RANKS = dict(slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK')


def make_work_dir(folder: str) -> None:
    """Make the work directory, or say that nothing can be written there."""
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(
            f'the work directory {folder} cannot be written to '
            f'({error.strerror}): give another --work-dir'
        ) from error


def reserve_folder(cfg) -> None:
    """Lock the work directory before mmengine writes its config there.

    Refuses it if another training runs there, or if a new one would overwrite
    its checkpoints.
    """
    from integral_mmpose.engine import find_checkpoint, folder_lock

    rank = os.environ.get(RANKS.get(cfg.get('launcher'), 'RANK'), '0')
    if rank != '0':
        return
    folder_lock.hold(cfg.work_dir)
    if not cfg.get('resume'):
        find_checkpoint.refuse_to_overwrite(cfg.work_dir)


def load_or_resume(argv: list, args, folder: str) -> list:
    """Change the arguments so that a bare ``--resume`` is safe on every run.

    If there is nothing to resume, MMPose ignores the ``load_from`` of the
    config and starts from random weights: an I1 row would not start from H1.
    If there is, MMPose resumes from a ``load_from`` of the command line: the
    I1 row would begin in H1's last epoch and be finished.
    """
    if args.resume != 'auto':
        return argv
    from integral_mmpose.engine.find_checkpoint import (
        checkpoints_in,
        noted_checkpoint,
    )

    if not (checkpoints_in(folder) or noted_checkpoint(folder)):
        at = next(i for i, w in enumerate(argv) if w.startswith(RESUME))
        auto = argv[at + 1 : at + 2] == ['auto']
        return argv[:at] + argv[at + 1 + auto :]
    return [
        'load_from=None' if a.startswith('load_from=') else a for a in argv
    ]


@contextmanager
def kept_config(cfg, trains: bool) -> Iterator[None]:
    """Put the config of a folder back, unless it saved a checkpoint.

    mmengine writes the config of every start into the work directory: that of
    a test, and that of a training that is refused because it would continue
    the checkpoints with other settings.
    """
    path = Path(cfg.work_dir, Path(cfg.filename).name)
    note = Path(cfg.work_dir, 'last_checkpoint')
    saved = os.stat(note).st_mtime_ns if note.is_file() else None
    keeps = path.is_file() and (saved or not trains)
    before = path.read_bytes() if keeps else None
    try:
        yield
    finally:
        if before is not None and (
            not trains or os.stat(note).st_mtime_ns == saved
        ):
            path.write_bytes(before)
