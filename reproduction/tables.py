"""Tables: the paper's numbers beside ours, mean and spread over seeds."""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Dict, List, NamedTuple, Optional

from integral_mmpose.files import write_atomically

from .plan import job_of
from .rows import ROWS, TITLES, Row, select
from .scales import NotAtScaleError
from .store import Records, write_json

FACTS = Path(__file__).with_name('paper_tables.json')
PRINTED = json.loads(FACTS.read_text('utf-8'))
#: Fields of a record that the JSON file of a table leaves out.
LONG = ('curve', 'history', 'metrics')


class Cell(NamedTuple):
    """A number of the paper (None: blank there) and ours (empty: not run)."""

    paper: Optional[float]
    ours: List[float]

    @property
    def mean(self) -> Optional[float]:
        return mean(self.ours) if self.ours else None

    @property
    def spread(self) -> Optional[float]:
        """Standard deviation over seeds, from two on."""
        return stdev(self.ours) if len(self.ours) > 1 else None


def paper_cells(row: Row) -> Dict[str, Optional[float]]:
    """The paper's own numbers of a row; None where the text has none."""
    if row.table in TITLES:
        return dict.fromkeys(row.cells)
    found = PRINTED[f'table{row.table}']
    found = found.get('rows', found)
    for key in row.name.split('.'):
        found = found[key]
    if not isinstance(found, dict):
        return {name: found for name in row.cells}
    return {name: found.get(name) for name in row.cells}


class Measured(NamedTuple):
    """A data set and a scale, and the records of all sets and scales."""

    data: str
    scale: str
    known: Records

    @property
    def name(self) -> str:
        return f'{self.data}-{self.scale}'

    def records(self, row: Row) -> List[dict]:
        """Records of all seeds of a row, by seed."""
        try:
            job = job_of(row, self.scale, 0)
        except NotAtScaleError:
            return []
        ours = (self.data, self.scale, job.name)
        keys = sorted(key for key in self.known if key[:3] == ours)
        return [self.known[key] for key in keys]

    def cells(self, row: Row) -> Dict[str, Cell]:
        metrics = [record['metrics'] for record in self.records(row)]
        cells, paper = {}, paper_cells(row)
        for name, (metric, factor) in row.cells.items():
            ours = [m[metric] * factor for m in metrics if metric in m]
            cells[name] = Cell(paper[name], ours)
        return cells


def gain(row: Row, ours: Optional[float], base: Optional[float]) -> str:
    """The gain in the terms of the paper's tables: points, or percent of mm.

    An arrow shows where the number goes: ↑ for more, ↓ for less.
    """
    if ours is None or base is None:
        return ''
    arrow = '↑' if ours > base else '↓' if ours < base else '='
    change = abs(ours - base)
    if row.lower_is_better:
        return f'{arrow}{100 * change / base:.1f}%'
    return f'{arrow}{change:.1f}'


def table_of(number: str, measured: Measured) -> dict:
    """A table as plain data, for its JSON file."""
    rows = select(number)
    cells = {row.name: measured.cells(row) for row in rows}
    out = []
    for row in rows:
        base = cells.get(row.against, {})
        columns = {}
        for name, cell in cells[row.name].items():
            other = base.get(name, Cell(None, []))
            columns[name] = dict(
                paper=cell.paper,
                ours=cell.mean,
                spread=cell.spread,
                seeds=cell.ours,
                paper_gain=gain(row, cell.paper, other.paper),
                our_gain=gain(row, cell.mean, other.mean),
            )
        records = [
            {k: v for k, v in record.items() if k not in LONG}
            for record in measured.records(row)
        ]
        facts = dict(row=row.name, config=row.config, against=row.against)
        out.append(dict(facts, cells=columns, records=records))
    facts = dict(table=number, data=measured.data, scale=measured.scale)
    return dict(facts, rows=out)


def markdown(table: dict) -> str:
    """The table in Markdown; a single row is written as a column."""
    columns = list(table['rows'][0]['cells'])
    if len(table['rows']) == 1:
        (row,) = table['rows']
        rows = [
            dict(row=c, cells={row['row']: row['cells'][c]}) for c in columns
        ]
        return markdown(dict(rows=rows))
    head = [
        'row',
        *(f'{c} ({who})' for c in columns for who in ('paper', 'here')),
    ]
    lines = [' | '.join(head), ' | '.join(['---'] * len(head))]
    for row in table['rows']:
        line = [row['row']]
        for cell in row['cells'].values():
            line += [
                _number(cell['paper'], None, cell['paper_gain']),
                _number(cell['ours'], cell['spread'], cell['our_gain']),
            ]
        lines.append(' | '.join(line))
    return '\n'.join(f'| {line} |' for line in lines) + '\n'


def _number(value, spread, gained: str) -> str:
    if value is None:
        return '–'
    text = f'{value:.1f}' if value >= 10 else f'{value:.2f}'
    if spread is not None:
        text += f' ± {spread:.1f}' if value >= 10 else f' ± {spread:.2f}'
    return f'{text} {gained}'.strip()


def write_table(number: str, measured: Measured, out: Path) -> Path:
    """Write ``tableN.json`` and ``tableN.md``; returns the latter's path."""
    table = table_of(number, measured)
    write_json(out / f'table{number}.json', table)
    path = out / f'table{number}.md'
    title = f'# Table {number}: {measured.data} data, {measured.scale} scale'
    parts = [title, markdown(table), provenance(table)]
    write_atomically(path, ('\n\n'.join(parts) + '\n').encode())
    return path


def provenance(table: dict) -> str:
    """Commit, command, device, environment and time of the runs."""
    records = [r for row in table['rows'] for r in row['records']]
    if not records:
        return 'Nothing was run yet.'
    lines = [
        'Mean ± standard deviation over seeds. Run by these commands '
        '(`tools/reproduce.py` is `reproduction/reproduce.py` now):',
        '',
    ]
    # One that stands for two rows, once.
    lines += map(how, {(r['job'], r['seed']): r for r in records}.values())
    versions = ', '.join(f'{k} {v}' for k, v in environment(records).items())
    return '\n'.join([*lines, '', f'Environment: {versions}.'])


def how(record: dict) -> str:
    """A line: epochs, time, device, threads, commit, command."""
    training, last = record['training'], record['evaluation']
    facts = training or last
    run = (
        'trained by an earlier command, its commit is not known; evaluated '
        'here'
    )
    if training:
        after = ' after its first half' if record['starts_from'] else ''
        least = 'at least ' if training.get('killed') else ''
        run = f'{least}{training["seconds"]:.0f} s{after}'
    parts = [
        f'- {record["job"]}, seed {record["seed"]}: {record["epochs"]} epochs',
        run,
        facts['device'],
        f'{facts["threads"]} threads',
        f'commit {facts["commit"]}',
        *([f'from {facts["backbone"]}'] if 'backbone' in facts else []),
        f'`{facts["command"]}`',
        last['finished'],
    ]
    return ', '.join(parts)


def environment(records: List[dict]) -> Dict[str, str]:
    """Versions of the packages; several where the records differ."""
    found = [record['evaluation']['environment'] for record in records]
    names = dict.fromkeys(name for versions in found for name in versions)
    return {
        name: ' / '.join(sorted({v.get(name, '–') for v in found}))
        for name in names
    }


def tables_with(measured: Measured) -> List[str]:
    """The tables of which at least one row was run."""
    tables = (row.table for row in ROWS if measured.records(row))
    return list(dict.fromkeys(tables))
