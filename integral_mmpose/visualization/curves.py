"""Plot PCKh curves, and the training curves in MMEngine's files."""

import glob
import json
import math
import os
from typing import Dict, List, NamedTuple, Tuple

import numpy as np

from .figure import canvas_to_rgb, new_figure
from .panel import save_image

#: Dashes also tell close curves apart.
LINE_STYLES = ('-', '--', '-.', ':')
_NOT_METRICS = (
    'step',
    'time',
    'data_time',
    'lr',
    'base_lr',
    'memory',
    'epoch',
    'iter',
)
Series = List[Tuple[float, float]]


class Scalars(NamedTuple):
    """``training`` and ``validation``: name -> [(step, value), ...].

    Training steps are iterations, validation steps epochs (or iterations
    where the training loop counts them).
    """

    training: Dict[str, Series]
    validation: Dict[str, Series]


def read_scalars(path: str) -> Scalars:
    """Read ``vis_data/scalars.json``, or all of them below a work folder.

    A resumed training has one file for each start. They are joined in order
    of time, and a later value of a step replaces an earlier one. A torn last
    line is ignored.

    Raises:
        ValueError: If there is no file, or a line is no JSON object.
    """
    files = [path]
    if os.path.isdir(path):
        found = glob.glob(
            '**/vis_data/scalars.json', root_dir=path, recursive=True
        )
        files = [os.path.join(path, name) for name in sorted(found)]
    if not files or not os.path.isfile(files[0]):
        raise ValueError(
            f'{path}: no vis_data/scalars.json here; give the file or the '
            'work_dir of a training'
        )
    tables: Tuple[dict, dict] = ({}, {})
    for file in files:
        for row in _rows(file):
            # MMEngine adds the learning rate to training rows only
            table = tables[0 if 'lr' in row else 1]
            for name, value in row.items():
                if name not in _NOT_METRICS and isinstance(
                    value, (int, float)
                ):
                    table.setdefault(name, {})[row.get('step', 0)] = value
    return Scalars(
        *(
            {name: sorted(values.items()) for name, values in table.items()}
            for table in tables
        )
    )


def plot_curves(paths: Dict[str, str], out: str) -> np.ndarray:
    """Plot training loss and a validation metric of several runs.

    The metric is the first that all runs have, else the first of any.

    Args:
        paths (dict[str, str]): Name of a run -> its scalars.json or work
            folder.
        out (str): Image file to write.

    Returns:
        np.ndarray: The picture, RGB.

    Raises:
        ValueError: If ``paths`` is empty, or a file is missing or broken.
    """
    if not paths:
        raise ValueError('plot_curves needs at least one run')
    runs = {name: read_scalars(path) for name, path in paths.items()}
    names = [list(run.validation) for run in runs.values()]
    every = [name for run in names for name in run]
    shared = [n for n in every if all(n in run for run in names)]
    metric = (shared or every or [None])[0]
    figure = new_figure((9, 3.6), dpi=100)
    left, right = figure.subplots(1, 2)
    for name, run in runs.items():
        _plot(left, run.training.get('loss', []), name)
        _plot(right, run.validation.get(metric, []), name, marker='o')
    left.set(xlabel='iteration', ylabel='training loss')
    if any((line.get_ydata() > 0).any() for line in left.lines):
        left.set_yscale('log', nonpositive='mask')
    right.set(xlabel='epoch', ylabel=metric or 'no validation')
    for axes in (left, right):
        axes.grid(alpha=0.3)
        legend = axes.legend(fontsize=9)
        for text in legend.get_texts():
            text.set_parse_math(False)
    figure.tight_layout()
    picture = canvas_to_rgb(figure)
    save_image(picture, out)
    return picture


def draw_pckh(axes, curves: Dict[str, np.ndarray], title: str) -> None:
    """Draw a panel of Figure 2 of the paper: PCKh over the distance.

    Args:
        axes (matplotlib.axes.Axes): Axes of the panel.
        curves (dict[str, np.ndarray]): Name of a model -> (51,) percent at
            the distances 0, 0.01, …, 0.5 head sizes; NaN leaves a line out.
        title (str): Above the panel.
    """
    for number, (name, curve) in enumerate(curves.items()):
        style = LINE_STYLES[number % len(LINE_STYLES)]
        distances = np.arange(len(curve)) / 100
        axes.plot(distances, curve, style, label=name, linewidth=1.6)
    axes.set_title(title, fontsize=11)
    axes.set(xlim=(0, 0.5), ylim=(0, 100), yticks=range(0, 101, 20))
    axes.set(xlabel='distance / head size', ylabel='PCKh, %')
    axes.grid(alpha=0.3)


def _rows(path: str):
    with open(path, encoding='utf-8') as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line) if line.strip() else {}
        except json.JSONDecodeError as error:
            if number == len(lines):
                return
            raise ValueError(
                f'{path}: line {number} is not JSON ({error}); delete it or '
                'the file'
            ) from error
        if not isinstance(row, dict):
            raise ValueError(
                f'{path}: line {number} must be a JSON object, got {row!r}'
            )
        yield row


def _plot(axes, series: Series, name: str, marker: str = '') -> None:
    points = [(x, y) for x, y in series if math.isfinite(y)]
    x, y = np.array(points, float).reshape(-1, 2).T
    axes.plot(x, y, label=name, marker=marker, markersize=3, linewidth=1.3)
