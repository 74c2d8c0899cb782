"""Figure 2 of the paper: PCKh over the normalised distance on MPII.

The files are those that the metric ``PCKhCurve`` writes by ``outfile``.
"""

from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from matplotlib.figure import Figure

from integral_mmpose.datasets.checks import load_json
from integral_mmpose.geometry import PCK_THRESHOLDS, check_shape
from integral_mmpose.visualization import draw_pckh, save_image
from integral_mmpose.visualization.figure import canvas_to_rgb

from .finite import as_float64

EMPTY = np.full(len(PCK_THRESHOLDS), np.nan)
#: Longer names are cut in the legend.
MAX_NAME = 60
FIX = "Write it by PCKhCurve(outfile='...json')."


class PckhCurves(NamedTuple):
    """``total`` (51,) and the ``groups`` that are labelled, in percent.

    ``titles`` are the names of all groups. ``distances`` (N, K) are in head
    sizes; NaN where a joint is not labelled or in no group.
    """

    total: np.ndarray
    groups: Dict[str, np.ndarray]
    titles: Tuple[str, ...]
    distances: np.ndarray


def read_pckh(path: str) -> PckhCurves:
    """Read the results of one model from the JSON file of ``PCKhCurve``.

    Returns:
        PckhCurves: Percent at the distances 0, 0.01, …, 0.5.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If it holds something else, or other distances.
    """
    content = load_json(path, 'the PCKh curve', dict, FIX)
    try:
        return _curves(content)
    except ValueError as error:
        raise ValueError(f'{path}: {error}. {FIX}') from None


def plot_pckh(paths: Dict[str, str], out: str) -> np.ndarray:
    """Draw the curves of several models: the total, then each joint group.

    Args:
        paths (dict[str, str]): Name of a model -> its JSON file.
        out (str): Image file to write.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.

    Raises:
        FileNotFoundError, ValueError: As :func:`read_pckh`, or if ``paths``
            is empty.
    """
    if not paths:
        raise ValueError('plot_pckh needs at least one model')
    models = {name: read_pckh(path) for name, path in paths.items()}
    figure = Figure((12, 5.8), dpi=100, layout='constrained')
    titles = dict.fromkeys(t for m in models.values() for t in m.titles)
    rows = -(-(1 + len(titles)) // 4)
    panels = figure.subplots(rows, 4, sharex=True, sharey=True, squeeze=False)
    for axes in panels.flat[1 + len(titles) :]:
        axes.remove()
    totals = {name: curves.total for name, curves in models.items()}
    contents = [('Total', totals)]
    for title in titles:
        # Empty, to keep the colours, where nobody is labelled.
        panel = {n: m.groups.get(title, EMPTY) for n, m in models.items()}
        contents.append((title, panel))
    for axes, (title, panel) in zip(panels.flat, contents):
        draw_pckh(axes, panel, title)
        axes.label_outer()
    _add_legend(
        figure,
        [_summary(name, curves.total) for name, curves in models.items()],
    )
    picture = canvas_to_rgb(figure)
    save_image(picture, out)
    return picture


def _add_legend(figure: Figure, texts: List[str]) -> None:
    """A legend below the panels, in as few rows as the width allows."""
    for columns in (4, 3, 2, 1):
        legend = figure.legend(
            figure.axes[0].lines,
            texts,
            loc='outside lower center',
            ncols=columns,
            fontsize=10,
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
        if legend.get_window_extent().width < figure.bbox.width:
            break
        if columns > 1:
            legend.remove()
    width, height = figure.get_size_inches()
    rows = -(-len(texts) // columns)
    figure.set_size_inches(width, height + 0.25 * rows)


def _summary(name: str, total: np.ndarray) -> str:
    """A line of the legend with the numbers of the paper's Table 1."""
    if len(name) > MAX_NAME:
        name = name[: MAX_NAME - 3] + '...'
    return (
        f'{name}: {total[-1]:.1f} @0.5, {total[10]:.1f} @0.1, '
        f'AUC {total.mean():.1f}'
    )


def _curves(content: dict) -> PckhCurves:
    for field in ('alpha', 'PCKh', 'PCKh_per_group', 'distances', 'counted'):
        if field not in content:
            raise ValueError(f'no field {field!r}')
    alpha = as_float64(content['alpha'], 'alpha')
    if alpha.shape != PCK_THRESHOLDS.shape or not np.allclose(
        alpha, PCK_THRESHOLDS
    ):
        raise ValueError(
            f'alpha must be 0, 0.01, ..., 0.5 ({len(PCK_THRESHOLDS)} '
            f'distances), got {alpha.size}: {alpha.ravel()[:4].tolist()}... '
            'Curves of other distances do not compare'
        )
    curves = content['PCKh_per_group']
    if not isinstance(curves, dict):
        raise ValueError('PCKh_per_group must be a dict')
    groups = {
        name: _percent(curve, f'PCKh_per_group[{name!r}]')
        for name, curve in curves.items()
        if curve is not None
    }
    total = _percent(content['PCKh'], 'PCKh')
    return PckhCurves(total, groups, tuple(curves), _distances(content))


def _distances(content: dict) -> np.ndarray:
    try:
        distances = np.array(content['distances'], np.float64)  # null is NaN
    except (TypeError, ValueError):
        raise ValueError(
            'distances must be a list of numbers or null for each person'
        ) from None
    check_shape(distances, 'N K', 'distances')
    counted = as_float64(content['counted'], 'counted')
    joints = np.arange(distances.shape[1])
    if not (counted.ndim == 1 and np.isin(counted, joints).all()):
        raise ValueError(f'counted must list joints from 0 to {joints[-1]}')
    distances[:, ~np.isin(joints, counted)] = np.nan
    return distances


def _percent(value, field: str) -> np.ndarray:
    curve = as_float64(value, field)
    check_shape(curve, f'{len(PCK_THRESHOLDS)}', field)
    if not ((curve >= 0) & (curve <= 100)).all():
        raise ValueError(f'{field} must be finite and lie in 0..100 %')
    return curve
