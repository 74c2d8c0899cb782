"""Write the tables of docs/performance.md from benchmarks/results.json.

python benchmarks/write_performance.py
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Optional

HERE = Path(__file__).resolve().parent
RESULTS = HERE / 'results.json'
PAGE = HERE.parent / 'docs' / 'performance.md'
BEGIN = '<!-- begin: written by benchmarks/write_performance.py -->'
END = '<!-- end -->'
HEADER = (
    '| case | formulation | median (IQR) | beside ours | times the floor |'
    ' target |\n|---|---|---|---|---|---|'
)


def number(value: float) -> str:
    """Four digits at most, and no exponent."""
    return f'{value:.0f}' if value >= 1000 else f'{value:.3g}'


def target(row: dict) -> str:
    """The target and, in plain words, whether it was met."""
    state = {True: 'reached', False: '**not reached**', None: ''}
    words = [row['target'], state[row['reached']], row['note']]
    return '; '.join(word for word in words if word)


def line(row: dict, ours: Optional[dict]) -> str:
    """A line of the table; ``ours`` is our row of the same case, if any."""
    value = beside = floor = '–'
    if row['median'] is not None:
        iqr = f' ({number(row["iqr"])})' if row['iqr'] else ''
        value = f'{number(row["median"])} {row["unit"]}{iqr}'
        if ours and ours['median']:
            beside = f'{row["median"] / ours["median"]:.2f}×'
        if row['floor']:
            floor = f'{row["median"] / row["floor"]:.1f}'
    cells = (row['case'], row['formulation'], value, beside, floor)
    return f'| {" | ".join(cells)} | {target(row)} |'


def section(topic: str, found: dict) -> str:
    """A heading, the machine and the table of a topic."""
    machine = found['machine']
    where = (
        f'{machine["processor"]}, {machine["cores"]} cores, '
        f'{machine["threads"]} threads, GPU: {machine["gpu"] or "none"}; '
        f'torch {machine["torch"]}; load {machine["load"]} at the end; '
        f'{machine["date"]}, commit {machine["commit"]}.'
    )
    ours = {
        row['case']: row
        for row in found['rows']
        if row['formulation'] == 'ours'
    }
    lines = [line(row, ours.get(row['case'])) for row in found['rows']]
    return '\n'.join([f'### {topic}', '', where, '', HEADER, *lines, ''])


def main() -> int:
    """Write the page; 1 on an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.parse_args()
    if not RESULTS.exists():
        print(f'error: {RESULTS} is missing: run make bench')
        return 1
    results = json.loads(RESULTS.read_text())
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        print(f'error: {PAGE} has lost its marker comments {BEGIN} and {END}')
        return 1
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    tables = '\n'.join(section(t, results[t]) for t in sorted(results))
    PAGE.write_text(f'{before}{BEGIN}\n\n{tables}\n{END}{after}')
    print(f'wrote {PAGE}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
