"""Matplotlib's figures without pyplot, imported when the first is drawn."""

import numpy as np


def new_figure(size, **options):
    """A matplotlib figure.

    Args:
        size (tuple[float, float]): Width and height in inches.
        **options: Of ``matplotlib.figure.Figure``.

    Returns:
        matplotlib.figure.Figure: For :func:`canvas_to_rgb`.
    """
    # Half a second, which who wants numbers only need not wait for.
    from matplotlib.figure import Figure

    return Figure(size, **options)


def canvas_to_rgb(figure) -> np.ndarray:
    """Draw a figure: (H, W, 3) uint8 RGB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
