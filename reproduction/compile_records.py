#!/usr/bin/env python3
"""Add the records of finished runs to reproduction/records.jsonl.

    python reproduction/compile_records.py [FOLDER ...]

A FOLDER is work_dirs/reproduce/DATA-SCALE/records, which a run has filled.
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
    """Parse the options and write; 1 on an error."""
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
    runs = (ROOT / 'work_dirs/reproduce').glob('*/records')
    found = [path for path in runs if not path.parent.name.endswith('-tiny')]
    folders = args.folders or sorted(found)
    if missing := [str(f) for f in folders if not f.is_dir()]:
        raise FileNotFoundError(f'no such folder: {", ".join(missing)}')
    kept, new = read_lines(args.into), read_folders(folders)
    records, changed = merge(kept, new, args.replace)
    if changed:
        write_lines(args.into, records)
    print(f'{args.into}: {len(records)} records, {changed} of them new')


if __name__ == '__main__':
    sys.exit(main())
