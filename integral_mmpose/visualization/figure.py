"""Matplotlib's figures without pyplot, imported when the first is drawn."""

import numpy as np


def new_figure(size, **options):
    """A matplotlib ``Figure`` of a width and height in inches."""
    # Half a second, which who wants numbers only need not wait for.
    from matplotlib.figure import Figure

    return Figure(size, **options)


def canvas_to_rgb(figure) -> np.ndarray:
    """Draw a figure: (H, W, 3) uint8 RGB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
