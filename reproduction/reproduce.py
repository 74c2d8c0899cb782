#!/usr/bin/env python3
"""Reproduce a table of the paper: train missing rows, evaluate, compare.

    python reproduction/reproduce.py --list
    python reproduction/reproduce.py --table 7 --data synthetic --scale small
    python reproduction/reproduce.py --table 1 --rows 'H*,I1' --data lspet \
        --scale small --seeds 0,1

Writes work_dirs/reproduce/DATA-SCALE/tableN.{md,json,png} and a record of
every row into its folder records/. Figure 2 is in the picture of Table 1.
After a stop, the same command continues at the row and epoch where it was. A
row with a record, there or in records.jsonl, is not trained again; --anew does
not look at records.jsonl. compile_records.py adds the new records to it.
"""

import argparse
import os
import shlex
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Dict, List, Sequence

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# Threads that sleep instead of spinning; read when torch is imported.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import torch

from integral_mmpose.command import at_least_one, make_parser, reports_errors
from reproduction.backbone import VARIABLE as BACKBONE
from reproduction.backbone import check_backbone, digest, find_backbone
from reproduction.data import DATA, PUBLIC, ROOTS, find_data, make_absolute
from reproduction.pictures import draw_table
from reproduction.plan import Job, job_of, plan, starts_from
from reproduction.records import RECORDS
from reproduction.rows import CONFIGS, ROWS, TITLES, Row, select
from reproduction.runs import Options, unmeasured
from reproduction.scales import SCALES, NotAtScaleError, load_setting
from reproduction.schedule import run_plan
from reproduction.store import KEPT, read_folders, read_lines
from reproduction.tables import Measured, write_table


def parse_arguments(argv=None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        '--list', action='store_true', help='rows of all tables, or one'
    )
    parser.add_argument(
        '--table', help='1 to 12; X: claims of the text; C: controls; P: extra'
    )
    parser.add_argument(
        '--rows', help="names or patterns of rows, such as 'R1,I*' or '*.a'"
    )
    parser.add_argument('--data', choices=DATA, default='synthetic')
    parser.add_argument('--scale', choices=SCALES, default='small')
    parser.add_argument('--seeds', default='0', help='such as 0,1,2')
    parser.add_argument(
        '--jobs', type=at_least_one, default=1, help='rows side by side'
    )
    parser.add_argument(
        '--launcher', choices=('none', 'pytorch'), default='none'
    )
    parser.add_argument(
        '--job', help='one training of the plan, such as for a job array'
    )
    parser.add_argument('--out', default=str(ROOT / 'work_dirs/reproduce'))
    parser.add_argument(
        '--anew', action='store_true', help='do not look at records.jsonl'
    )
    args = parser.parse_args(argv)
    if args.table is None:
        if not args.list:
            parser.error('give --list or --table N')
        if args.rows is not None:
            parser.error('--rows selects rows of one table: give --table N')
    if args.list and args.job is not None:
        parser.error('--job trains: leave out --list')
    if not args.out:
        parser.error('--out is empty: give a folder')
    if args.jobs > 1 and args.launcher != 'none' and torch.cuda.is_available():
        parser.error(
            '--launcher takes every GPU for one training: leave out --jobs, '
            'or the launcher'
        )
    return args


def list_rows(rows: Sequence[Row]) -> None:
    """Print table, name, config and start of every row."""
    for row in rows:
        first = starts_from(row.config)
        start = f'after {CONFIGS[first].name}' if first else 'in one stage'
        lines = [(TITLES.get(row.table, f'Table {row.table}'), start)]
        if row.table == '1':
            lines.append(('Figure 2', 'the same training'))
        for title, how in lines:
            print(f'{title:9} {row.name:20} {CONFIGS[row.config].name}  {how}')


def reproduce(args: argparse.Namespace) -> int:
    """Train, evaluate and write a table; 1 if a row failed."""
    make_absolute((*ROOTS.values(), PUBLIC, BACKBONE))
    rows = rows_at_scale(select(args.table, args.rows), args.scale)
    jobs = plan(rows, args.scale, parse_seeds(args.seeds))
    out = folder_of(args)

    def measured():
        records = {} if args.anew else read_lines(KEPT)
        records |= read_folders([out / RECORDS])
        return Measured(args.data, args.scale, records)

    todo = unmeasured(jobs, args.data, measured().known)
    if len(todo) < len(jobs):
        print(
            f'{len(jobs) - len(todo)} of {len(jobs)} trainings are not '
            'needed: their rows have records '
            '(to train them again: --anew --out ELSEWHERE)'
        )
    if args.job is not None:
        todo = [job for job in job_named(args.job, jobs) if job in todo]
    environment = find_inputs(args, rows, measured()) if todo else {}
    os.environ.update(environment)

    def write():
        print(write_table(args.table, measured(), out), flush=True)

    options = Options(
        out,
        args.data,
        environment,
        shlex.join(['python', 'reproduction/reproduce.py', *sys.argv[1:]]),
        args.jobs,
        args.launcher,
    )
    failed = run_plan(todo, options, write, partial(print, flush=True))
    write()  # also if nothing was to do
    draw_table(args.table, measured(), out)
    print((out / f'table{args.table}.md').read_text('utf-8'))
    for job, reason in failed.items():
        print(f'error: {job.title}: {reason}', file=sys.stderr)
    return 1 if failed else 0


def folder_of(args: argparse.Namespace) -> Path:
    """The folder of a data set and a scale."""
    out = Path(args.out).resolve() / f'{args.data}-{args.scale}'
    there = next(path for path in (out, *out.parents) if path.exists())
    if not there.is_dir():
        raise ValueError(f'--out: {there} is a file: give a folder')
    return out


def rows_at_scale(rows: List[Row], scale: str) -> List[Row]:
    """The rows that the scale has numbers for; prints those left out."""
    found, reason = [], ''
    for row in rows:
        try:
            job_of(row, scale, 0)
        except NotAtScaleError as error:
            reason = f'{row.name} is not at the scale {scale}: {error}'
            print(reason)
        else:
            found.append(row)
    if not found:
        raise ValueError(f'no row is left; {reason}')
    return found


def find_inputs(
    args: argparse.Namespace, rows: List[Row], measured: Measured
) -> Dict[str, str]:
    """Environment variables of the backbone and the data of a training."""
    setting = load_setting(args.scale, rows[0].setting)
    backbone = find_backbone(setting)
    check_records(measured, rows, backbone)
    configs = [row.config for row in rows]
    return backbone | find_data(args.data, configs, setting, ROOT / 'data')


def check_records(
    measured: Measured, rows: List[Row], environment: Dict[str, str]
) -> None:
    """Refuse rows of a table that start from different backbones."""
    facts = digest(environment)
    for row in rows:
        for record in measured.records(row):
            trained = record['training'] or record['evaluation']
            check_backbone(record['job'], trained, facts)


def job_named(name: str, jobs: List[Job]) -> List[Job]:
    """The trainings of that name, one a seed."""
    found = [job for job in jobs if job.name == name]
    if not found:
        known = ', '.join(dict.fromkeys(job.name for job in jobs))
        raise ValueError(f'no training is named {name!r}; choose from {known}')
    return found


def parse_seeds(text: str) -> List[int]:
    words = text.split(',')
    if not all(word.isdecimal() for word in words):
        raise ValueError(f'--seeds needs numbers such as 0,1,2, got {text}')
    return [int(word) for word in dict.fromkeys(words)]


@reports_errors
def main() -> int:
    """Return 1 on an error, 130 after a stop."""
    args = parse_arguments()
    # Stops as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if args.list:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # ... | head
            all_rows = args.table is None
            list_rows(ROWS if all_rows else select(args.table, args.rows))
            return 0
        return reproduce(args)
    except KeyboardInterrupt:
        print('stopped; the same command continues', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
