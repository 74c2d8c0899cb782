"""One Slurm job for each training, after what it starts from.

Partition, GPUs and time come from the variable ``SBATCH_ARGS``, for example
``--partition=gpu --gres=gpu:4 --nodes=2 --time=24:00:00``.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

from .backbone import VARIABLE as BACKBONE
from .data import PUBLIC, ROOTS
from .plan import Job
from .rows import ROOT, Row

SCRIPT = """#!/usr/bin/env bash
# Written by reproduction/reproduce.py --submit slurm
set -euo pipefail
cd {root}
{exports}
export NNODES="${{SLURM_NNODES:-1}}"
if [ "$NNODES" -gt 1 ]; then
    # All of them: a pipe to head may kill scontrol, and so the job.
    hosts="$(scontrol show hostnames "$SLURM_JOB_NODELIST")"
    export MASTER_ADDR="${{hosts%%$'\\n'*}}"
    export PORT="${{PORT:-$((20000 + SLURM_JOB_ID % 20000))}}"
    # srun does not inherit the CPUs of a task from sbatch.
    export SRUN_CPUS_PER_TASK="${{SLURM_CPUS_PER_TASK:-$SLURM_CPUS_ON_NODE}}"
    exec srun --ntasks="$NNODES" --ntasks-per-node=1 bash -c \\
        'NODE_RANK="$SLURM_NODEID" exec "$@"' node {command}
fi
exec {command}
"""


def submit(jobs: List[Job], rows: List[Row], args, out: Path) -> int:
    """Write a script for each training, and hand all to ``sbatch``.

    Raises:
        FileNotFoundError, ValueError: If there is no sbatch, or it refuses.
    """
    numbers: Dict[Job, str] = {}
    for job in jobs:
        script = write_script(job, rows, args, out)
        number = sbatch(script, job, numbers.get(job.parent))
        numbers[job] = number
        print(f'{number}: {job.title}', flush=True)
    return 0


def write_script(job: Job, rows: List[Row], args, out: Path) -> Path:
    """The batch script of one training."""
    command = [
        sys.executable,
        str(ROOT / 'reproduction/reproduce.py'),
        f'--table={args.table}',
        f'--rows={",".join(row.name for row in rows)}',
        f'--data={args.data}',
        f'--scale={args.scale}',
        f'--seeds={job.seed}',
        f'--job={job.name}',
        f'--launcher={args.launcher}',
        f'--out={Path(args.out).resolve()}',
    ]
    if args.results:
        command.append(f'--results={Path(args.results).resolve()}')
    exports = [
        f'export {name}={shlex.quote(os.environ[name])}'
        for name in (*ROOTS.values(), PUBLIC, BACKBONE)
        if os.environ.get(name)
    ]
    folder = job.folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'job.sh'
    path.write_text(
        SCRIPT.format(
            root=shlex.quote(str(ROOT)),
            exports='\n'.join(exports),
            command=shlex.join(command),
        )
    )
    return path


def sbatch(script: Path, job: Job, after: str = None) -> str:
    """Submit a script; returns the number of the job.

    Raises:
        FileNotFoundError: If there is no sbatch.
        ValueError: If sbatch refuses; with its words.
    """
    command = ['sbatch', '--parsable', f'--job-name={job.title}']
    command += [f'--output={script.with_name("slurm-%j.log")}']
    command += shlex.split(os.environ.get('SBATCH_ARGS', ''))
    if after:
        command.append(f'--dependency=afterok:{after}')
        command.append('--kill-on-invalid-dep=yes')
    try:
        answer = subprocess.run(
            [*command, str(script)], text=True, capture_output=True
        )
    except FileNotFoundError:
        raise FileNotFoundError(
            '--submit slurm needs sbatch on the PATH: run it on a machine of '
            'the cluster'
        ) from None
    if answer.returncode:
        raise ValueError(f'sbatch refused {script}: {answer.stderr.strip()}')
    return answer.stdout.strip().split(';')[0]
