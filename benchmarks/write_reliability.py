"""Write docs/reference/reliability.md from work_dirs/reliability.json.

python benchmarks/write_reliability.py [FILE ...]

The JSON is what ``make reliability`` measured; of several files the later one
counts for a test that both have. The titles of the families are those of
tests/test_reliability/.
"""

import argparse
import ast
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'work_dirs/reliability.json'
PAGE = ROOT / 'docs/reference/reliability.md'
BEGIN = '<!-- begin: written by benchmarks/write_reliability.py -->'
END = '<!-- end -->'


def titles():
    """'R1' -> the first line of its file."""
    found = {}
    for path in sorted(ROOT.glob('tests/test_reliability/test_r[0-9]*.py')):
        text = ast.get_docstring(ast.parse(path.read_text()))
        name, _, title = text.partition('\n')[0].partition(', ')
        found[name] = title.rstrip('.')
    return found


def figures_of(family, tests):
    """What was measured: its worst value, its limit, upstream's, a test.

    Returns:
        dict: what -> dict with worst, limit, upstream (or None) and test.
    """
    rows = {}
    for test in tests:
        for name, what, value, limit, upstream in test['figures']:
            if name != family:
                continue
            row = rows.setdefault(
                what, dict(worst=None, upstream=None, test=None)
            )
            row['limit'] = limit
            if upstream:
                row['upstream'] = max(value, row['upstream'] or value)
            elif row['worst'] is None or not value <= row['worst']:
                row.update(worst=value, test=test['test'].split('[')[0])
            row['test'] = row['test'] or test['test'].split('[')[0]
    return rows


def number(value):
    """Two digits; '–' where nothing was measured."""
    return '–' if value is None else f'{value:.2g}'


def count(tests):
    """Such as '12 passed, 1 failed'."""
    outcomes = [test['outcome'] for test in tests]
    kinds = [k for k in ('passed', 'failed', 'skipped') if k in outcomes]
    return ', '.join(f'{outcomes.count(k)} {k}' for k in kinds) or 'not run'


def section(family, title, tests):
    """A heading, the counts and the figures of a family."""
    mine = [
        (test, control)
        for test in tests
        for name, control in test['families']
        if name == family
    ]
    proofs = [test for test, control in mine if not control]
    controls = [test for test, control in mine if control]
    lines = [
        f'## {family}: {title}',
        '',
        f'Tests: {count(proofs)}. Negative controls: {count(controls)}.',
        '',
    ]
    rows = figures_of(family, [test for test, _ in mine])
    if rows:
        lines += [
            '| what | measured | target | upstream | test |',
            '|---|---|---|---|---|',
        ]
    for what, row in rows.items():
        missed = row['worst'] is not None and not row['worst'] <= row['limit']
        measured = number(row['worst']) + ' (**missed**)' * missed
        cells = (what, measured, f'≤ {number(row["limit"])}')
        cells += (number(row['upstream']), f'`{row["test"]}`')
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def main():
    """Write the page; 1 on an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('files', nargs='*', default=[RESULTS], type=Path)
    heads, tests = [], {}
    for file in parser.parse_args().files:
        if not file.exists():
            print(f'error: {file} is missing: run make reliability')
            return 1
        found = json.loads(file.read_text())
        tests.update((test['test'], test) for test in found['tests'])
        heads.append(
            f'Measured on {found["date"]} at commit {found["commit"]}: '
            f'{found["machine"]}; Python {found["python"]}, torch '
            f'{found["torch"]}; `{found["command"]}`'
            f'{"" if found["finished"] else " (stopped before the end)"}.'
        )
    tests, head = list(tests.values()), '\n\n'.join(heads)
    parts = [section(*item, tests) for item in titles().items()]
    before, rest = PAGE.read_text().split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    text = '\n'.join([head, '', *parts])
    PAGE.write_text(f'{before}{BEGIN}\n\n{text}\n{END}{after}')
    print(f'wrote {PAGE}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
