#!/usr/bin/env python3
"""Add the records of finished runs to reproduction/records.jsonl.

    python reproduction/compile_records.py [FOLDER ...]

A FOLDER is work_dirs/reproduce/DATA-SCALE, or records/ in it.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from integral_mmpose.command import make_parser, reports_errors
from reproduction.store import (
    KEPT,
    merge,
    read_folders,
    read_lines,
    write_lines,
)


@reports_errors
def main(argv=None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument(
        'folders',
        nargs='*',
        type=Path,
        help='default: work_dirs/reproduce/*/records, without tiny runs',
    )
    parser.add_argument('--into', type=Path, default=KEPT)
    parser.add_argument(
        '--replace',
        action='store_true',
        help='replace kept records of the same training, scale and seed',
    )
    args = parser.parse_args(argv)
    if args.into.is_dir():
        raise IsADirectoryError(f'{args.into} is a folder: give a file in it')
    runs = (ROOT / 'work_dirs/reproduce').glob('*/records')
    found = [path for path in runs if not path.parent.name.endswith('-tiny')]
    if missing := [str(f) for f in args.folders if not f.is_dir()]:
        raise FileNotFoundError(f'no such folder: {", ".join(missing)}')
    inner = [folder / 'records' for folder in args.folders]
    given = [i if i.is_dir() else f for i, f in zip(inner, args.folders)]
    if empty := [str(f) for f in given if not any(f.glob('*.json'))]:
        raise ValueError(
            f'no records in {", ".join(empty)}: give finished runs, such as '
            'work_dirs/reproduce/synthetic-small'
        )
    kept, new = read_lines(args.into), read_folders(given or sorted(found))
    records, changed = merge(kept, new, args.replace)
    if changed:
        write_lines(args.into, records)
    print(f'{args.into}: {len(records)} records, {changed} of them new')


if __name__ == '__main__':
    sys.exit(main())
