#!/usr/bin/env python3
"""Write reproduction/RESULTS.md and its pictures from the records in results/.

    python reproduction/write_results.py

The numbers of the tables are read from the records, the verdicts on the claims
computed. Why a claim does not hold is written by hand: explanations.json.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Callable, Dict, List

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from reproduction.claims import Verdict, judge, read_claims  # noqa: E402
from reproduction.complexity import complexity_cells  # noqa: E402
from reproduction.data import DATA  # noqa: E402
from reproduction.pictures import draw_table  # noqa: E402
from reproduction.rows import select  # noqa: E402
from reproduction.scales import SCALES  # noqa: E402
from reproduction.tables import (  # noqa: E402
    Measured,
    environment,
    markdown,
    table_of,
    tables_with,
)

#: The name of what needs no training.
COUNTED = 'counted'
#: The claim over a 3D and a 2D table, and the one of MPII's test set.
TWO_SETS, TEST_SET = 'C34', 'C21'
#: Points or mm; a claim that holds by less is listed with what it hangs on.
NARROW = 1.0
EXPLANATIONS = Path(__file__).with_name('explanations.json')
HEAD = """# Results: the paper's tables, run here

Written by `python reproduction/write_results.py` from the records in
`results/`; do not edit. Each number is the mean over seeds, ± is
their standard deviation; without it, one seed. Arrows: the gain over the row
that the paper compares with (points; percent for mm). – : blank in the paper,
or not run."""

ABOUT_CLAIMS = """Claims against the printed numbers of other works (X) are
not run; "counted" are multiply-adds and parameters at the paper's
scale: N41 holds there by construction, its step times are in
[performance.md](performance.md#step). C21 is about MPII's test set. C34 takes
its 2D half from photographs where its own data has none of the scale. Computed
from the means over seeds. A claim of which one comparison fails does not hold,
even if other cells of it were not run."""


ABOUT_NARROW = """By less than one point or mm (C34: of a factor) in the
comparison named. Compare the ± of its rows below; where there is none, another
seed could turn it."""


def measured_sets(results: Path) -> List[Measured]:
    """The combinations of data and scale with at least one record."""
    names = [(d, s) for d in DATA for s in SCALES]
    return [
        Measured(data, scale, results)
        for data, scale in names
        if any((results / f'{data}-{scale}').glob('*.json'))
    ]


def cells_of(measured: Measured) -> Dict[str, Dict[str, float]]:
    """Table -> path -> mean, as the claims call them."""
    found = {}
    for number in tables_with(measured):
        flat = found.setdefault(number, {})
        for row in select(number):
            for column, cell in measured.cells(row).items():
                if cell.mean is not None:
                    flat[f'{row.name}.{column}'] = cell.mean
                    if len(row.cells) == 1:
                        flat[row.name] = cell.mean
    return found


def verdicts(sets: List[Measured], results: Path) -> Dict[str, dict]:
    """Name of a set -> id of a claim -> verdict.

    C34, 3D beside 2D, takes its other table from another data set of the
    same scale where its own has not run it.
    """
    counted, cells = complexity_cells(results), {}
    for measured in sets:
        cells[measured] = cells_of(measured)
    found = {}
    for measured in sets:
        near = [s for s in sets if s.scale == measured.scale]
        near.sort(key=lambda s: s != measured)
        found[f'{measured.data}-{measured.scale}'] = {
            claim['id']: _judge(
                claim,
                measured,
                [cells[s] for s in near[: None if _across(claim) else 1]],
            )
            for claim in read_claims()
        }
    return dict(found, **{COUNTED: _counted(counted)})


def _judge(claim: dict, measured: Measured, cells: List[dict]) -> Verdict:
    """On the first of ``cells`` that has a table, the set's own first.

    Claims against other works are not run; nor those of tables that the set
    does not have.
    """
    of_test_set = claim['id'] == TEST_SET and measured.data != 'real'
    if claim['id'].startswith('X') or _of_counts(claim) or of_test_set:
        return Verdict('not run')
    if claim['test'].split(':')[0][1:] not in cells[0]:
        return Verdict('not run')

    def look_up(table, path):
        having = (each[table] for each in cells if table in each)
        return next(having, {}).get(path)

    return judge(claim['test'], look_up)


def _across(claim: dict) -> bool:
    return claim['id'] == TWO_SETS


def _of_counts(claim: dict) -> bool:
    """Whether a claim is about multiply-adds or parameters only."""
    return 'GFLOPs' in claim['test'] or 'params_M' in claim['test']


def _counted(cells: dict) -> Dict[str, Verdict]:
    """Verdicts on what is counted, not trained: at the paper's scale."""
    return {
        claim['id']: judge(claim['test'], lambda t, p: cells[t].get(p))
        if _of_counts(claim)
        else Verdict('not run')
        for claim in read_claims()
    }


def claims_section(found: Dict[str, dict]) -> str:
    """The claims with a column for each set, and what explains a failure."""
    lines = ['## Claims of the paper', '']
    for name, answers in found.items():
        run = [[v.answer] for v in answers.values() if v.answer != 'not run']
        lines.append(f'- {name}: {_share(run, all)}')
    lines += _over_all_sets(found)
    lines += ['', ABOUT_CLAIMS, '']
    head = ['', 'table', 'claim', *found]
    rows = [head, ['---'] * len(head)]
    for claim in read_claims():
        answers = [f'**{found[n][claim["id"]].answer}**' for n in found]
        answers = [a.replace('**not run**', 'not run') for a in answers]
        table = claim['table'] or 'text'
        rows.append([claim['id'], str(table), claim['claim'], *answers])
    lines += [f'| {" | ".join(row)} |' for row in rows]
    return '\n'.join([*lines, '', *explanations(found), *narrow(found)])


def _share(answers: List[List[str]], condition: Callable) -> str:
    """How many claims hold, on ``all`` or ``any`` of the sets, in words."""
    held = sum(condition(a == 'holds' for a in each) for each in answers)
    share = f' ({100 * held / len(answers):.0f} %)' if answers else ''
    return f'{held} of {len(answers)} that were run{share}'


def _over_all_sets(found: Dict[str, dict]) -> List[str]:
    """Each claim once, although it was run on several sets."""
    claims = [
        [a[claim['id']].answer for a in found.values()]
        for claim in read_claims()
    ]
    run = [[v for v in each if v != 'not run'] for each in claims]
    run = [each for each in run if each]
    return [
        f'- each claim once, on every set it was run on: {_share(run, all)}',
        f'- each claim once, on at least one set: {_share(run, any)}',
    ]


def explanations(found: Dict[str, dict]) -> List[str]:
    """A line for each claim that does not hold: where, and why."""
    known = json.loads(EXPLANATIONS.read_text('utf-8'))
    lines = []
    for name, answers in found.items():
        for key, verdict in answers.items():
            if verdict.answer == 'does not hold':
                why = known.get(name, {}).get(key, 'Not explained yet.')
                broken = '; '.join(f'`{b}`' for b in verdict.broken[:4])
                more = len(verdict.broken) - 4
                tail = f' and {more} more' if more > 0 else ''
                lines.append(f'- {name}, {key}: not so: {broken}{tail}. {why}')
    return ['### What does not hold', '', *lines, ''] if lines else []


def narrow(found: Dict[str, dict]) -> List[str]:
    """A line for each claim that holds by less than a point or mm."""
    lines = [
        f'- {name}, {key}: `{text}`, by {margin:.2g}'
        for name, answers in found.items()
        for key, verdict in answers.items()
        for text, margin in [verdict.narrowest or ('', NARROW)]
        if name != COUNTED and verdict.answer == 'holds' and margin < NARROW
    ]
    head = ['### What holds narrowly', '', ABOUT_NARROW, '']
    return [*head, *lines, ''] if lines else []


def set_section(measured: Measured, images: Path) -> str:
    """The tables of a data set and a scale, with pictures.

    Without those that have only cells of the tables before them.
    """
    name = f'{measured.data}-{measured.scale}'
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
        picture = picture.rename(images / f'{name}_{picture.stem}.png')
        title = f'Table {number}' if number != 'X' else 'Claims of the text'
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
    return '\n'.join(
        [
            f'{len(records)} trainings, {minutes:.0f} minutes without '
            'the first halves that H and I share '
            f'({len(records) - len(trained)} of them by an earlier command: '
            'neither their time nor their commit is known); '
            f'{_all(runs, "device")}; commits {_all(trained, "commit")}; '
            f'{versions}.',
            *_backbones(runs),
            '',
            '```bash',
            *sorted({run['command'] for run in runs}),
            '```',
        ]
    )


def _backbones(runs: List[dict]) -> List[str]:
    """A line, if the runs started from a checkpoint."""
    if not any('backbone' in run for run in runs):
        return []
    return [f'Started from a backbone: {_all(runs, "backbone")}.']


def _all(runs: List[dict], key: str) -> str:
    return ', '.join(sorted({str(run[key]) for run in runs}))


def main() -> int:
    """Parse the options and write; 1 on an error."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--results', default=HERE / 'results', type=Path)
    parser.add_argument('--out', default=HERE / 'RESULTS.md', type=Path)
    args = parser.parse_args()
    try:
        sets = measured_sets(args.results)
        if not sets:
            raise ValueError(
                f'{args.results} has no records: run '
                'reproduction/reproduce.py first'
            )
        images = args.out.resolve().parent / 'images'
        images.mkdir(parents=True, exist_ok=True)
        parts = [HEAD, claims_section(verdicts(sets, args.results))]
        parts += [set_section(measured, images) for measured in sets]
        args.out.write_text('\n\n'.join(parts) + '\n', 'utf-8')
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(args.out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
