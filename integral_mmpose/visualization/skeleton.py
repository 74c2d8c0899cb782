"""Bones, colours and root of a joint set, for drawing.

Convention: colours are RGB, 0 to 255. Bones are (parent, child) indices. Left
joints are green, right joints orange, the others blue, as in MMPose.
"""

from typing import NamedTuple, Tuple

import numpy as np

from integral_mmpose.geometry.colors import Color


class Skeleton(NamedTuple):
    """Bones and colours of a joint set.

    ``links`` are (parent, child) pairs, ``link_colors`` has a colour for each
    of them, ``colors`` one for each of the K joints; ``root`` is the joint
    that 3D drawings are centred on.
    """

    links: Tuple[Tuple[int, int], ...]
    link_colors: Tuple[Color, ...]
    colors: Tuple[Color, ...]
    root: int = 0


def on_white(color: Color) -> np.ndarray:
    """Darken a colour (3,), 0 to 255, for a white background."""
    return 0.8 * np.array(color)


def opacity_of(scores) -> np.ndarray:
    """Joints and bones of low scores (K,) are faint, but seen."""
    return 0.3 + 0.7 * np.clip(np.nan_to_num(scores), 0, 1)


def upright(points_mm) -> np.ndarray:
    """Convert camera-space points (K, 3) to (x, z, -y): up is up."""
    x, y, z = np.asarray(points_mm, np.float64).T
    return np.stack([x, z, -y], -1)


def ground_grid(
    middle: np.ndarray, reach: float, height: float, cells: int
) -> np.ndarray:
    """Return lines (N, 3) of a level grid, 2 ``reach`` wide; NaN is a gap."""
    points = []
    for step in np.linspace(-reach, reach, cells + 1):
        line = [(-reach, step), (reach, step), (np.nan, np.nan)]
        points += line + [(y, x) for x, y in line]
    return np.array(
        [(middle[0] + x, middle[1] + y, height) for x, y in points]
    )


def skeleton_from_metainfo(metainfo: dict) -> Skeleton:
    """Build the skeleton of a data set's metainfo, as MMPose parses it.

    Args:
        metainfo (dict): With ``keypoint_colors``, ``skeleton_links`` and
            ``skeleton_link_colors``.

    Returns:
        Skeleton: The root is the only joint that is no child, else 0.

    Raises:
        ValueError: If one of them is missing.
    """
    names = 'keypoint_colors', 'skeleton_links', 'skeleton_link_colors'
    if not set(names) <= set(metainfo):
        raise ValueError(
            f'metainfo needs {", ".join(names)}, as MMPose parses it; it has '
            f'{sorted(metainfo)}'
        )
    colors, links, link_colors = (
        tuple(tuple(map(int, row)) for row in metainfo[name]) for name in names
    )
    children = {child for _, child in links}
    roots = [i for i in range(len(colors)) if i not in children]
    root = roots[0] if len(roots) == 1 else 0
    return Skeleton(links, link_colors, colors, root)
