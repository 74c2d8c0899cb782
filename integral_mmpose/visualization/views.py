"""Draw a 3D skeleton on a ground plane, from two sides.

Convention: points are camera space in mm, x right, y down, z forward. The
drawing's axes are (x, z, -y), so that up is up. Skeletons are moved to their
root, the ground lies at the lowest joint, and all three axes have one scale.
"""

from typing import Optional

import numpy as np

from integral_mmpose.geometry import check_shape

from .figure import canvas_to_rgb, new_figure
from .skeleton import Skeleton, ground_grid, on_white, opacity_of, upright

#: (elevation, azimuth) in degrees: from the camera, a little from its right;
#: and from the right of the image, where the depth is seen.
VIEWS = (('from the camera', 10, -75), ('from the side', 10, -5))
_INCHES = 3.2  # side of a view; the resolution follows the asked size
_TRUTH_GREY = '0.45'
GROUND_CELLS = 6


def render_views(
    pose_mm: np.ndarray,
    skeleton: Skeleton,
    gt_mm: Optional[np.ndarray] = None,
    scores: Optional[np.ndarray] = None,
    score_thr: float = 0.3,
    size: int = 320,
) -> np.ndarray:
    """Draw a pose from two sides.

    Args:
        pose_mm (np.ndarray): (K, 3) camera space in mm.
        skeleton (Skeleton): Bones and colours.
        gt_mm (np.ndarray, optional): (K, 3) true pose, drawn in grey.
        scores (np.ndarray, optional): (K,) confidence.
        score_thr (float): Joints below it are skipped. Defaults to 0.3.
        size (int): Side of a view in px. Defaults to 320.

    Returns:
        np.ndarray: (size, 2 size, 3) uint8 RGB.

    Raises:
        ValueError: If the number of joints is not the skeleton's.
    """
    columns = len(VIEWS)
    figure = new_figure((_INCHES * columns, _INCHES), dpi=size / _INCHES)
    for column, (name, elevation, azimuth) in enumerate(VIEWS):
        left = column / columns
        axes = figure.add_axes([left, 0, 1 / columns, 0.94], projection='3d')
        draw_skeleton_3d(axes, pose_mm, skeleton, gt_mm, scores, score_thr)
        axes.view_init(elevation, azimuth)
        figure.text(
            left + 0.5 / columns,
            0.985,
            name,
            fontsize=9,
            ha='center',
            va='top',
            color='0.3',
        )
    return canvas_to_rgb(figure)


def draw_skeleton_3d(
    axes,
    pose_mm: np.ndarray,
    skeleton: Skeleton,
    gt_mm: Optional[np.ndarray] = None,
    scores: Optional[np.ndarray] = None,
    score_thr: float = 0.3,
) -> None:
    """Draw a pose (K, 3) into matplotlib's 3D axes.

    The arguments are those of :func:`render_views`. Joints of low scores are
    faint.

    Raises:
        ValueError: If the number of joints is not the skeleton's.
    """
    joints = len(skeleton.colors)
    scores = np.ones(joints) if scores is None else np.asarray(scores, float)
    check_shape(scores, f'{joints}', 'scores')
    points = _upright(pose_mm, skeleton, 'pose_mm')
    points[~(scores >= score_thr)] = np.nan
    truth = None if gt_mm is None else _upright(gt_mm, skeleton, 'gt_mm')
    everything = points if truth is None else np.concatenate([points, truth])
    _set_room(axes, everything)
    if truth is not None:
        for a, b in skeleton.links:
            axes.plot(
                *truth[[a, b]].T,
                color=_TRUTH_GREY,
                linewidth=1.4,
                linestyle=(0, (3, 1.5)),
            )
    opacity = opacity_of(scores)
    for (a, b), color in zip(skeleton.links, skeleton.link_colors):
        axes.plot(
            *points[[a, b]].T,
            color=on_white(color) / 255,
            linewidth=2.2,
            alpha=opacity[[a, b]].min(),
            solid_capstyle='round',
        )
    shown = np.isfinite(points).all(-1)
    colors = [
        (*on_white(skeleton.colors[joint]) / 255, opacity[joint])
        for joint in np.flatnonzero(shown)
    ]
    axes.scatter(*points[shown].T, s=9, depthshade=False, c=colors or None)


def _upright(pose_mm, skeleton: Skeleton, what: str) -> np.ndarray:
    pose = np.asarray(pose_mm, np.float64)
    check_shape(pose, f'{len(skeleton.colors)} 3', what)
    pose = upright(pose - pose[skeleton.root])
    pose[~np.isfinite(pose).all(-1)] = np.nan
    return pose


def _set_room(axes, points: np.ndarray) -> None:
    """Set limits and equal scales, and draw the ground plane."""
    points = points[np.isfinite(points).all(-1)]
    if not len(points):
        points = np.array([[-1e3] * 3, [1e3] * 3])
    low = points.min(0)
    high = np.maximum(points.max(0), low + 1.0)
    half = (high - low).max() / 2
    middle = (low + high) / 2
    ground = low[2]
    limits = [(m - half, m + half) for m in middle]
    limits[2] = (ground, ground + 2 * half)
    axes.set(xlim=limits[0], ylim=limits[1], zlim=limits[2])
    axes.set_box_aspect((1, 1, 1), zoom=1.45)
    axes.set_axis_off()
    reach = max(0.6 * half, 0.55 * (high - low)[:2].max())
    grid = ground_grid(middle[:2], reach, ground, GROUND_CELLS)
    axes.plot(*grid.T, color='0.85', linewidth=0.6, zorder=0)
