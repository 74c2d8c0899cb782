"""Draw heat maps over an image, and the heat vectors of a joint (Eq. 5).

Convention: left edge, as in ``functional.grid``: bin i of n stands for the
pixel i * S / n, so a map is drawn half a cell to the left of and above its
usual place, with the centre of cell i on that pixel.
"""

from typing import Optional, Sequence

import cv2
import numpy as np

from integral_mmpose.geometry import (
    DEPTH_RANGE_MM,
    check_shape,
    norm_to_mm,
)
from integral_mmpose.geometry.check import as_array

from .figure import canvas_to_rgb, new_figure

_MAP_INCHES = 3.0


def overlay_heatmaps(image: np.ndarray, heatmaps) -> np.ndarray:
    """Blend heat maps of all joints over an image.

    Each map is divided by its peak, so that broad maps show too. A pixel shows
    the largest of the maps; low values are transparent.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.
        heatmaps (Tensor or ndarray): (K, h, w) or (h, w), resized to the
            image.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.
    """
    heatmaps = as_array(heatmaps, np.float32)
    heatmaps = heatmaps[None] if heatmaps.ndim == 2 else heatmaps
    check_shape(heatmaps, 'K H W', 'heatmaps')
    heatmaps = np.clip(np.nan_to_num(heatmaps), 0, None)
    peaks = heatmaps.max((1, 2), keepdims=True)
    heat = (heatmaps / np.maximum(peaks, 1e-12)).max(0)
    height, width = image.shape[:2]
    if heat.shape != (height, width):
        heat = _stretch(heat, width, height)
    colors = cv2.applyColorMap(
        np.rint(255 * heat).astype(np.uint8), cv2.COLORMAP_JET
    )[..., ::-1]
    weight = 0.75 * np.clip(2 * heat, 0, 1)[..., None]
    return np.rint(image * (1 - weight) + colors * weight).astype(np.uint8)


def draw_heat_vectors(
    image: np.ndarray,
    xy_map,
    vectors: Sequence,
    title: str = '',
    depth_range_mm: Optional[float] = DEPTH_RANGE_MM,
    joint: Optional[Sequence[float]] = None,
) -> np.ndarray:
    """Draw the xy marginal of a joint over the input, with heat vectors.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB, the network's input.
        xy_map (Tensor or ndarray): (h, w) marginal of one joint.
        vectors (HeatVectors): x (w,), y (h,) and z (d,) or None of the same
            joint; tensors or arrays.
        title (str): Usually the name of the joint.
        depth_range_mm (float): Range of the z bins, for 3D. Defaults to 2000.
        joint (Sequence[float], optional): (2 or 3,) normalised joint, marked
            by dashed lines. Defaults to the expectations of the vectors.

    Returns:
        np.ndarray: (H', W', 3) uint8 RGB.
    """
    xy_map = as_array(xy_map, np.float32)
    sizes = check_shape(xy_map, 'H W', 'xy_map')
    vectors = [v if v is None else as_array(v, np.float32) for v in vectors]
    check_shape(vectors[0], 'W', 'vectors.x', sizes)
    check_shape(vectors[1], 'H', 'vectors.y', sizes)
    if joint is None:
        joint = [
            float(v @ np.arange(len(v))) / len(v)
            for v in vectors
            if v is not None
        ]
    height, width = image.shape[:2]
    wide = _MAP_INCHES * np.clip(width / height, 0.5, 2)
    deep = 0 if vectors[2] is None else 2.6
    total = (wide + deep + 1.75, _MAP_INCHES + 1.65)
    figure = new_figure(total, dpi=100)

    def place(x, y, w, h, **shared):  # in inches
        return figure.add_axes(
            [x / total[0], y / total[1], w / total[0], h / total[1]], **shared
        )

    main = place(0.65, 0.5, wide, _MAP_INCHES)
    _draw_map(main, image, xy_map)
    top = place(0.65, _MAP_INCHES + 0.55, wide, 0.7, sharex=main)
    right = place(wide + 0.7, 0.5, 0.85, _MAP_INCHES, sharey=main)
    x_px, y_px = joint[0] * width, joint[1] * height
    _draw_vector(top, vectors[0], (0, width), x_px)
    top.set_title(f'x = {x_px:.1f} px', fontsize=9, pad=2, loc='right')
    top.tick_params(labelbottom=False)
    _draw_vector(right, vectors[1], (0, height), y_px, lying=True)
    right.set_title(f'y = {y_px:.1f} px', fontsize=9, pad=2)
    right.tick_params(labelleft=False)
    main.axvline(x_px, color='white', linewidth=0.9, linestyle='--')
    main.axhline(y_px, color='white', linewidth=0.9, linestyle='--')
    main.set(
        xlim=(-0.5, width - 0.5),
        ylim=(height - 0.5, -0.5),
        xlabel='px',
        ylabel='px',
    )
    if vectors[2] is not None:
        far = place(wide + 1.8, 0.5, 2.3, _MAP_INCHES)
        z_mm, *span = norm_to_mm(np.array([joint[2], 0, 1]), depth_range_mm)
        _draw_vector(far, vectors[2], span, z_mm, color='tab:blue')
        far.set_title(f'z = {z_mm:.0f} mm', fontsize=9, pad=2)
        far.set_xlabel('mm behind the root')
    figure.text(
        0.65 / total[0], 0.99, title, fontsize=11, va='top', parse_math=False
    )
    return canvas_to_rgb(figure)


def _draw_map(axes, image, xy_map):
    height, width = image.shape[:2]
    axes.imshow(image, aspect='auto')
    heat = xy_map / max(float(xy_map.max()), 1e-12)
    half_x, half_y = width / heat.shape[1] / 2, height / heat.shape[0] / 2
    axes.imshow(
        heat,
        cmap='inferno',
        alpha=0.85 * np.clip(2 * heat, 0, 1),
        interpolation='nearest',
        aspect='auto',
        extent=(-half_x, width - half_x, height - half_y, -half_y),
    )


def _draw_vector(
    axes, vector, span, at, lying=False, color='tab:orange'
) -> None:
    """Draw bars of a heat vector over ``span``, and a line at the joint."""
    places, step = np.linspace(
        *span, len(vector), endpoint=False, retstep=True
    )
    line = dict(color='black', linewidth=0.9, linestyle='--')
    if lying:
        axes.barh(places, vector, step, color=color)
        axes.axhline(at, **line)
        axes.set_xticks([])
    else:
        axes.bar(places, vector, step, color=color)
        axes.axvline(at, **line)
        axes.set_yticks([])


def _stretch(heat, width, height):
    """Resize so that the centre of cell i falls on the pixel i * S / n."""
    scale_x, scale_y = width / heat.shape[1], height / heat.shape[0]
    matrix = np.array([[scale_x, 0, 0], [0, scale_y, 0]])
    return cv2.warpAffine(
        heat,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
