"""Train and evaluate jobs in child processes, side by side if asked.

A job is trained by ``tools/train.py --resume`` and evaluated by
``tools/test.py``. Finished steps are not repeated: a stopped command continues
where it was.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple

import torch

from integral_mmpose.evaluation import read_pckh
from integral_mmpose.files import write_atomically

from .backbone import check_backbone, digest
from .children import Children, RunError, hold_lock
from .data import use_public_split
from .plan import Job, config_of, scaled
from .records import (
    DIGITS,
    circumstances,
    history,
    note_end,
    note_start,
    record_path,
    training_of,
)
from .rows import ROOT
from .store import Records, write_json

#: Threads do not spin, and glibc keeps the memory of large tensors: giving it
#: back costs a page fault every 4 kB, 17 % of a small training's time.
ON_A_CPU = dict(
    OMP_WAIT_POLICY='PASSIVE',
    MALLOC_MMAP_THRESHOLD_='8589934592',
    MALLOC_TRIM_THRESHOLD_='8589934592',
)


class Options(NamedTuple):
    """How to run: output folder, data, and number of processes.

    The folder ``out`` gets the checkpoints, and a record of each row.
    """

    out: Path
    data: str
    environment: Dict[str, str]
    command: str
    jobs: int = 1
    launcher: str = 'none'


def run_job(job: Job, options: Options, children: Children, slot: int) -> None:
    """Train a job unless it is trained, then evaluate it for its row.

    Tables share rows: if another command is running the job, wait for it.
    """
    env = child_env(options, slot)
    with hold_lock(job.folder(options.out) / 'lock', children) as lock:
        _train(job, options, children, env, lock)
        if not job.is_first_half:
            evaluate(job, options, children, env)


def _train(
    job: Job, options: Options, children: Children, env: dict, lock: int
) -> None:
    folder = job.folder(options.out)
    if is_trained(job, options.out):
        return
    start, how = time.monotonic(), facts(job, options)
    for each in filter(None, (job.parent, job)):
        if note := training_of(each.folder(options.out)):
            check_backbone(each.name, note, how)
    note_start(folder, how)
    try:
        children.run(
            train_command(folder, options),
            folder / 'train.log',
            env,
            keep=[lock],
        )
    finally:
        note_end(folder, time.monotonic() - start)


def is_trained(job: Job, out: Path) -> bool:
    """Whether its last checkpoint is there, and the validation after it.

    A training that was stopped between the two makes up for it.
    """
    validated = history(job.folder(out))
    late = bool(validated) and validated[-1][0] < job.epochs
    return job.checkpoint(out).is_file() and not late


def unmeasured(jobs: List[Job], data: str, records: Records) -> List[Job]:
    """The jobs without a record, and the first halves that they need."""
    rows = [
        job
        for job in jobs
        if not job.is_first_half
        and (data, job.scale, job.name, job.seed) not in records
    ]
    needed = {job.parent for job in rows}
    return [job for job in jobs if job in rows or job in needed]


def write_config(job: Job, options: Options) -> Path:
    """Dump the resolved config into the job's folder."""
    folder = job.folder(options.out)
    cfg = config_of(job, options.out)
    if options.data != 'real':
        use_public_split(cfg)
    metric = cfg.test_evaluator
    if metric.type == 'FiniteCocoMetric':
        # Beside the config's scores those of the boxes alone.
        boxes = dict(metric, score_mode='bbox', prefix='coco_bbox')
        cfg.test_evaluator = [metric, boxes]
    else:
        name = Path(metric.get('outfile', 'test.json')).name
        cfg.test_evaluator = dict(metric, outfile=str(folder / name))
    path = folder / 'config.py'
    # Another command may be reading it.
    write_atomically(path, cfg.pretty_text.encode())
    return path


def train_command(folder: Path, options: Options) -> List[str]:
    """tools/train.py, or the same in several processes."""
    script = [str(ROOT / 'tools/train.py'), str(folder / 'config.py')]
    script += ['--work-dir', str(folder), '--resume']
    if options.launcher == 'none':
        return [sys.executable, *script]
    # --standalone: one machine, on a port that is free.
    launch = ['-m', 'torch.distributed.run', '--standalone']
    launch += ['--nproc_per_node', str(processes(options))]
    return [sys.executable, *launch, *script, '--launcher', 'pytorch']


def processes(options: Options) -> int:
    """Processes of one training: a launcher starts one on each GPU."""
    if options.launcher == 'none':
        return 1
    return torch.cuda.device_count() or 2


def child_env(options: Options, slot: int) -> Dict[str, str]:
    """Give each of the jobs that run side by side its threads and GPU."""
    env = dict(os.environ, **options.environment)
    env['OMP_NUM_THREADS'] = str(threads(options))
    for name, value in ON_A_CPU.items():
        env.setdefault(name, value)
    one_gpu = options.launcher == 'none' and options.jobs > 1
    if one_gpu and torch.cuda.is_available():
        visible = env.get('CUDA_VISIBLE_DEVICES')
        count = torch.cuda.device_count()
        gpus = visible.split(',') if visible else range(count)
        env['CUDA_VISIBLE_DEVICES'] = str(gpus[slot % len(gpus)])
    return env


def threads(options: Options) -> int:
    """Threads of each process: the cores are shared out."""
    given = os.environ.get('OMP_NUM_THREADS')
    if given and options.jobs == 1 and options.launcher == 'none':
        return int(given)
    number = options.jobs * processes(options)
    return max(1, cores() // number)


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # on macOS


def facts(job: Job, options: Options) -> dict:
    """How a job is run, for its record."""
    known = dict(command=options.command, threads=threads(options))
    cfg = scaled(job.config, job.setting, job.scale)
    starts = cfg.model.backbone.get('init_cfg')
    return dict(known, **(digest(options.environment) if starts else {}))


def evaluate(
    job: Job, options: Options, children: Children, env: dict
) -> None:
    """Evaluate the last checkpoint and write the job's record."""
    path = record_path(options.out, job)
    if path.is_file():
        return
    folder = job.folder(options.out)
    metrics = folder / 'metrics.json'
    metrics.unlink(missing_ok=True)
    command = [sys.executable, ROOT / 'tools/test.py', folder / 'config.py']
    command += [job.checkpoint(options.out), '--work-dir', folder / 'test']
    command += ['--out', metrics]
    children.run(command, folder / 'test.log', env)
    if not metrics.is_file():
        raise RunError(f'the evaluation gave no metrics ({folder}/test.log)')
    found = json.loads(metrics.read_text())
    parent = job.parent
    curve = None
    if 'pckh/AUC' in found:
        curve = read_pckh(str(folder / 'test.json')).total.tolist()
    record = dict(
        job=job.name,
        config=job.config,
        data=options.data,
        scale=job.scale,
        seed=job.seed,
        epochs=job.epochs + (parent.epochs if parent else 0),
        starts_from=parent and parent.name,
        metrics={name: round(value, DIGITS) for name, value in found.items()},
        curve=curve and [round(value, 3) for value in curve],
        history=history(folder),
        training=training_of(folder),
        first_half=parent and training_of(parent.folder(options.out)),
        evaluation=circumstances(facts(job, options)),
    )
    write_json(path, record)
