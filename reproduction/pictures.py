"""Pictures of the tables: Figure 2, bars in mm, curves over resolutions."""

from itertools import groupby
from pathlib import Path
from typing import Dict, Optional

import numpy as np
from matplotlib.figure import Figure

from integral_mmpose.visualization import draw_pckh

from .rows import Row, select
from .tables import Cell, Measured

COLOURS = {'paper': '0.75', 'here': 'tab:blue'}


def draw_table(number: str, measured: Measured, out: Path) -> Optional[Path]:
    """Draw ``tableN.png``; ``None`` if no row was run."""
    rows = [row for row in select(number) if measured.records(row)]
    if not rows:
        return None
    if number == '1':
        figure = _figure_2(measured)
    elif number in ('2', '9'):
        figure = _resolutions(number, measured)
    else:
        figure = _bars(number, measured)
    path = Path(out) / f'table{number}.png'
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    return path


def _figure_2(measured: Measured) -> Figure:
    """PCKh over the distance, mean of the seeds, and AUC over the epochs."""
    figure = Figure((11, 4.4), layout='constrained')
    left, right = figure.subplots(1, 2)
    records = {row.name: measured.records(row) for row in select('1')}
    curves = {}
    for name, found in records.items():
        if found:
            curve = np.mean([record['curve'] for record in found], 0)
            curves[f'{name}: AUC {curve.mean():.1f}'] = curve
    draw_pckh(left, curves, 'Figure 2')
    left.legend(fontsize=8)
    for line, [record, *_] in zip(left.lines, filter(None, records.values())):
        epochs, values = np.array(record['history']).reshape(-1, 2).T
        offset = record['epochs'] - max(epochs, default=0)
        right.plot(
            epochs + offset,
            values,
            line.get_linestyle(),
            c=line.get_color(),
            marker='.',
        )
    right.set(xlabel='epoch', ylabel='AUC on the validation set')
    title = f'first seed ({measured.data}, {measured.scale})'
    right.set_title(title, fontsize=11)
    right.grid(alpha=0.3)
    return figure


def _bars(number: str, measured: Measured) -> Figure:
    """The table's last column as bars: the paper's and ours."""
    rows = select(number)
    if len(rows) == 1:
        cells = measured.cells(rows[0])
        column = 'error'
    else:
        column = _column(number)
        cells = {row.name: measured.cells(row)[column] for row in rows}
    width = max(6.0, 0.75 * len(cells) + 2)
    figure = Figure((width, 4.2), layout='constrained')
    axes = figure.subplots()
    _draw_bars(axes, cells)
    unit = ', mm' if rows[0].lower_is_better else ''
    axes.set(
        ylabel=column + unit, title=f'Table {number} ({_where(measured)})'
    )
    figure.legend(loc='outside lower center', ncols=2)
    return figure


def _draw_bars(axes, cells: Dict[str, Cell]) -> None:
    at = np.arange(len(cells))
    for shift, who in ((-0.2, 'paper'), (0.2, 'here')):
        values = [
            c.paper if who == 'paper' else c.mean for c in cells.values()
        ]
        error = None
        if who == 'here':
            error = [c.spread or 0 for c in cells.values()]
        heights = [v or 0 for v in values]
        bars = axes.bar(
            at + shift, heights, 0.4, yerr=error, color=COLOURS[who], label=who
        )
        texts = ['–' if v is None else f'{v:.1f}' for v in values]
        axes.bar_label(bars, texts, fontsize=7, padding=2)
    names = [name.replace('.', '\n') for name in cells]
    axes.set_xticks(at, names, fontsize=8, rotation=60 if len(at) > 12 else 0)
    axes.margins(y=0.12)


def _resolutions(number: str, measured: Measured) -> Figure:
    """Settings (a) to (d): one line a method, the paper's and ours."""
    figure = Figure((10, 4), layout='constrained')
    for axes, who in zip(figure.subplots(1, 2), ('paper', 'here')):
        for method, rows in groupby(select(number), _method):
            cells = [measured.cells(row)[_column(number)] for row in rows]
            values = [c.paper if who == 'paper' else c.mean for c in cells]
            spread = [c.spread or 0 for c in cells] if who == 'here' else None
            heights = [np.nan if v is None else v for v in values]
            axes.errorbar(
                range(4), heights, spread, marker='o', capsize=3, label=method
            )
        axes.set_xticks(range(4), [f'({s})' for s in 'abcd'])
        axes.set(ylabel=_column(number), title=f'Table {number}, {who}')
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(_where(measured))
    return figure


def _method(row: Row) -> str:
    return row.name.split('.')[0]


def _column(number: str) -> str:
    columns = select(number)[0].cells
    return next(c for c in ('AUC', 'MPJPE', 'AP', 'PCKh@0.5') if c in columns)


def _where(measured: Measured) -> str:
    return f'here: {measured.data} data, {measured.scale} scale'
