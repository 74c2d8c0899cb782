#!/usr/bin/env python3
"""Write reproduction/RESULTS.md and its pictures from records.jsonl.

    python reproduction/write_results.py

The numbers of the tables are read from the records, the verdicts on the claims
computed. Why a claim does not hold is written by hand: explanations.json.
"""

import re
import sys
from pathlib import Path
from typing import List

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from integral_mmpose.command import make_parser, reports_errors
from reproduction.pictures import draw_table
from reproduction.rows import TITLES
from reproduction.store import KEPT, read_lines
from reproduction.tables import (
    Measured,
    environment,
    markdown,
    table_of,
    tables_with,
)
from reproduction.verdicts import claims_section, measured_sets, verdicts

HEAD = """# Results: the paper's tables, run here

`python reproduction/write_results.py` writes this page from `records.jsonl`;
do not edit it. A number with ± is the mean and the standard deviation over
seeds; a number without ± is of one seed. An arrow is the gain over the row
that the paper compares with (points; percent for mm). A dash means blank in
the paper, or not run. *Text*, *Controls* and *Extra* are tables that the
paper does not have. The reference explains the
[method names](../docs/reference/configs.md#file-names) and the
[scales](../docs/reference/cli.md#reproductionreproducepy)."""


def set_section(measured: Measured, images: Path) -> str:
    """The tables of a data set and a scale, with pictures.

    A table whose cells are all in earlier tables is left out.
    """
    parts = [f'## {measured.data} data, {measured.scale} scale']
    records, shown = {}, set()
    for number in tables_with(measured):
        table = table_of(number, measured)
        here = {
            (record['job'], record['seed'], column): record
            for row in table['rows']
            for record in row['records']
            for column in row['cells']
        }
        if here.keys() <= shown:
            continue
        shown |= here.keys()
        records |= {key[:2]: record for key, record in here.items()}
        picture = draw_table(number, measured, images)
        name = f'{measured.name}_{picture.stem}.png'
        picture = picture.rename(images / name)
        title = TITLES.get(number, f'Table {number}')
        parts += [
            f'### {title}',
            markdown(table),
            f'![{title}](images/{picture.name})',
        ]
    return '\n\n'.join([*parts, summary(list(records.values()))])


def summary(records: List[dict]) -> str:
    """How the rows of a section were run."""
    runs = [r['training'] or r['evaluation'] for r in records]
    trained = [r['training'] for r in records if r['training']]
    minutes = sum(run['seconds'] for run in trained) / 60
    versions = ', '.join(f'{k} {v}' for k, v in environment(records).items())
    # The tool has moved since the first records.
    old, new = 'tools/reproduce.py', 'reproduction/reproduce.py'
    commands = sorted(
        {
            re.sub(r' --out \S+', '', run['command'].replace(old, new))
            for run in runs
        }
    )
    text = (
        f'{len(records)} trainings, {minutes:.0f} minutes, not counting the '
        'first halves that H and I share (time and commit of '
        f'{len(records) - len(trained)} of them were not recorded); '
        f'{_all(runs, "device")}; commits {_all(trained, "commit")}; '
        f'{versions}.'
    )
    lines = [text, '', '```bash', *commands, '```']
    if any('backbone' in run for run in runs):
        backbones = _all(runs, 'backbone')
        lines.insert(1, f'Started from a backbone: {backbones}.')
    return '\n'.join(lines)


def _all(runs: List[dict], key: str) -> str:
    return ', '.join(sorted({str(run.get(key)) for run in runs}))


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('--records', default=KEPT, type=Path)
    parser.add_argument('--out', default=HERE / 'RESULTS.md', type=Path)
    args = parser.parse_args()
    sets = measured_sets(read_lines(args.records))
    if not sets:
        raise ValueError(
            f'{args.records} has no records: run '
            'reproduction/reproduce.py and compile_records.py first'
        )
    images = args.out.resolve().parent / 'images'
    images.mkdir(parents=True, exist_ok=True)
    parts = [HEAD, claims_section(verdicts(sets))]
    parts += [set_section(measured, images) for measured in sets]
    args.out.write_text('\n\n'.join(parts) + '\n', 'utf-8')
    print(args.out)


if __name__ == '__main__':
    sys.exit(main())
