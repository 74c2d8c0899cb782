"""Matplotlib figures without pyplot, imported on first use."""

import numpy as np


def new_figure(size, **options):
    """Create a matplotlib ``Figure`` of a width and height in inches."""
    # The import takes half a second.
    from matplotlib.figure import Figure

    return Figure(size, **options)


def canvas_to_rgb(figure) -> np.ndarray:
    """Draw a figure as (H, W, 3) uint8 RGB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
