"""Time and memory of the integral as batch, joints and volume grow.

Forward and backward from (16, 18, 32, 32, 32), 38 MB of logits, up. Linear
growth is a slope of 1 in log time over log size; memory is the peak of the
resident size above the logits, so mostly the gradient. The plot is
docs/images/growth.png.
"""

import common
import numpy as np
import torch
from bm_integral import step_of
from matplotlib.figure import Figure

from integral_mmpose.functional import integral

PICTURE = common.ROOT / 'docs' / 'images' / 'growth.png'
SHAPES = {
    'batch B': [(n, 18, 32, 32, 32) for n in (16, 32, 64, 128)],
    'joints K': [(16, n, 32, 32, 32) for n in (18, 36, 72, 144)],
    'cells D·H·W': [(16, 18, n, n, n) for n in (32, 40, 50, 64)],
}
# A slope is read from a handful of points on a machine with noise.
SLOPES = (0.8, 1.2)


def points(shapes, seconds):
    """(numbers of the logits, seconds, bytes) for each shape."""
    sizes, steps, memory = {}, {}, []
    for shape in shapes:
        logits = torch.randn(shape, requires_grad=True)
        sizes[str(shape)] = logits.numel()
        steps[str(shape)] = step_of(integral, logits)
        memory.append(common.extra_memory(steps[str(shape)]))
        logits.grad = None
    found = common.measure(steps, seconds)
    return np.array(
        [
            (sizes[name], found[name].median, peak)
            for name, peak in zip(sizes, memory)
        ],
        dtype=float,
    )


def slope(sizes, values):
    """Exponent of the growth, by a line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def draw(found):
    """Two panels, time and memory, a line for each quantity."""
    figure = Figure(figsize=(9, 3.6), layout='constrained')
    axes = figure.subplots(1, 2)
    quantities = ((1, 1e3, 'ms'), (2, 1e-6, 'MB above the logits'))
    for axis, (column, scale, label) in zip(axes, quantities):
        for name, values in found.items():
            axis.loglog(
                values[:, 0] / 1e6,
                values[:, column] * scale,
                'o-',
                label=name,
                alpha=0.8,
            )
        sizes = np.array([values[[0, -1], 0] for values in found.values()])
        ends = np.array([sizes.min(), sizes.max()]) / 1e6
        first = next(iter(found.values()))
        start = first[0, column] * scale / (first[0, 0] / 1e6)
        axis.loglog(ends, start * ends, 'k:', label='linear')
        axis.set_xticks([10, 20, 40, 80], ['10', '20', '40', '80'])
        axis.set_xticks([], minor=True)
        axis.set(xlabel='numbers in the logits (millions)', ylabel=label)
        axis.grid(True, which='major', alpha=0.3)
        axis.legend(frameon=False)
    figure.suptitle('Integral, forward and backward')
    figure.savefig(PICTURE, dpi=110)


def run(quick: bool) -> list:
    found, rows = {}, []
    for name, shapes in SHAPES.items():
        found[name] = points(
            shapes[:2] if quick else shapes, 1 if quick else 10
        )
        for column, what in ((1, 'time'), (2, 'memory')):
            values = found[name][:, column]
            if np.isnan(values).any() or (values <= 0).any():
                continue
            exponent = slope(found[name][:, 0], values)
            rows.append(
                common.figure(
                    f'growth of {what} with {name}',
                    'ours',
                    exponent,
                    'exponent',
                    target='1, linear (0.8 to 1.2)',
                    reached=SLOPES[0] <= exponent <= SLOPES[1],
                )
            )
    if not quick:
        draw(found)
    return rows
