"""Write benchmarks/RESULTS.md and the summary of docs/performance.md.

python benchmarks/write_performance.py

RESULTS.md has every row of results.json, and of gpu_check.json where make
gpu-check was run and its file copied here; the page has the rows with a
target.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Optional, Tuple

HERE = Path(__file__).resolve().parent
RESULTS = HERE / 'results.json'
GPU = HERE / 'gpu_check.json'
TABLES = HERE / 'RESULTS.md'
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


HEAD = """# Measurements

Written by `benchmarks/write_performance.py` (`make bench`); do not edit. What
the columns mean: [performance](../docs/performance.md#measured).
"""
SUMMARY = (
    '| case | this package | fastest other | better by | target | reached |\n'
    '|---|---|---|---|---|---|'
)


def summary(results: dict) -> str:
    """A line for each row with a target, and the fastest other of its case."""
    lines = []
    for topic in sorted(results):
        rows = results[topic]['rows']
        for row in rows:
            if not row['target']:
                continue
            value = '–'
            if row['median'] is not None:
                value = f'{number(row["median"])} {row["unit"]}'.strip()
            reached = {True: 'yes', False: '**no**', None: '–'}[row['reached']]
            words = [reached, row['note']]
            cells = (
                row['case'],
                value,
                *fastest(row, rows),
                row['target'],
                '; '.join(word for word in words if word),
            )
            lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join([SUMMARY, *lines, ''])


def fastest(row: dict, rows: list) -> Tuple[str, str]:
    """The best of the other formulations, and how many times ours is better.

    More images a second are better, fewer of every other unit.
    """
    rate = row['unit'] == 'images/s'
    others = {
        other['formulation']: row['median'] / other['median']
        if rate
        else other['median'] / row['median']
        for other in rows
        if other['case'] == row['case']
        and not other['formulation'].startswith('ours')
        and other['median']
        and row['median']
    }
    if not others:
        return '–', '–'
    name = min(others, key=others.get)
    return name, f'{others[name]:.2f}×'


def main() -> int:
    """Write both pages; 1 on an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.parse_args()
    if not RESULTS.exists():
        print(f'error: {RESULTS} is missing: run make bench')
        return 1
    results = json.loads(RESULTS.read_text())
    if GPU.exists():
        found = json.loads(GPU.read_text())
        results |= {f'GPU: {name}': rows for name, rows in found.items()}
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        print(f'error: {PAGE} has lost its marker comments {BEGIN} and {END}')
        return 1
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    tables = '\n'.join(section(t, results[t]) for t in sorted(results))
    TABLES.write_text(f'{HEAD}\n{tables}')
    PAGE.write_text(f'{before}{BEGIN}\n\n{summary(results)}\n{END}{after}')
    print(f'wrote {TABLES} and {PAGE}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
