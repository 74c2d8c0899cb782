"""Pinhole projection, and the 2000 mm box around a person.

Convention: camera space in mm, x right, y down, z forward; pixels u right,
v down; u = f_x * X / Z + c_x. Functions take and return numpy arrays. Lens
distortion is not modelled: the paper's codes leave it out.
"""

import numpy as np

from .check import check_joint, check_shape

#: Side of the box around a person in mm (the paper's public code).
BOX_MM = 2000.0
#: Side of the 2000 mm box over the longer side of a tight box, as in RootNet
#: and the paper's public code. The joints then span 1600 mm, about as those of
#: a standing adult. Depths that are estimated from a box depend on it.
TIGHT_PADDING = 1.25


def project(points_mm, focal, principal):
    """Project points of camera space to pixels and depth.

    Args:
        points_mm: (..., 3) camera space X, Y, Z in mm.
        focal: (..., 2) or (2,) focal lengths f_x, f_y in px.
        principal: (..., 2) or (2,) principal point c_x, c_y in px.

    Returns:
        (..., 3): u, v in px and Z in mm.

    Raises:
        ValueError: If a point is not in front of the camera.

    Example:
        >>> project(np.array([100., 0., 1000.]), np.array([500., 500.]),
        ...         np.array([50., 60.]))
        array([ 100.,   60., 1000.])
    """
    check_shape(points_mm, '... 3', 'points_mm')
    depth = points_mm[..., 2:]
    if not bool((depth > 0).all()):
        raise ValueError(
            'points must lie in front of the camera (Z > 0 mm), '
            f'got Z = {float(depth.min())} mm'
        )
    pixels = focal * points_mm[..., :2] / depth + principal
    return np.concatenate([pixels, depth], -1)


def back_project(points, focal, principal):
    """Convert pixels and depth to camera space: inverse of :func:`project`.

    Args:
        points: (..., 3) u, v in px and Z in mm.
        focal: (..., 2) or (2,) focal lengths in px.
        principal: (..., 2) or (2,) principal point in px.

    Returns:
        (..., 3): X, Y, Z in mm.

    Example:
        >>> back_project(np.array([100., 60., 1000.]),
        ...              np.array([500., 500.]), np.array([50., 60.]))
        array([ 100.,    0., 1000.])
    """
    check_shape(points, '... 3', 'points')
    depth = points[..., 2:]
    xy_mm = (points[..., :2] - principal) / focal * depth
    return np.concatenate([xy_mm, depth], -1)


def box_side_px(root_depth_mm, focal, box_mm: float = BOX_MM):
    """Return the side in px of a square of ``box_mm`` at the root.

    Args:
        root_depth_mm: (...) depth of the root in mm.
        focal: (..., 2) focal lengths in px; their mean is used.
        box_mm (float): Side of the square in mm.

    Returns:
        (...): Side in px: mean(f) * box_mm / Z.

    Example:
        >>> float(box_side_px(np.array(4000.), np.array([1000., 1000.])))
        500.0
    """
    return focal.mean(-1) * box_mm / root_depth_mm


def tight_to_box_px(size_px):
    """Convert the size of a tight box to that of the 2000 mm box.

    Convention: the 2000 mm box of a tight or detected box is a square of
    ``TIGHT_PADDING`` times its longer side, as a square network input shows
    after ``GetBBoxCenterScale(padding=1.25)``.

    Args:
        size_px: (..., 2) width and height of a tight box in px.

    Returns:
        (..., 2): Width and height of the square in px.

    Example:
        >>> tight_to_box_px(np.array([100., 320.]))
        array([400., 400.])
    """
    check_shape(size_px, '... 2', 'size_px')
    longer = size_px.max(-1, keepdims=True)
    return np.repeat(longer, 2, -1) * TIGHT_PADDING


def root_depth_from_box(box_px, focal, box_mm: float = BOX_MM):
    """Estimate the depth of the root from a box of an assumed size.

    Z = sqrt(box_mm^2 * f_x * f_y / (w * h)), in mm: RootNet's geometric
    factor k. A square of ``box_mm`` at the depth Z has the area of the box in
    the image. No ground truth is used.

    The error is that of the assumed size: a child, or a person who sits or
    whose legs are hidden, has a smaller box and seems farther away
    (docs/reference/conventions.md measures it).

    Args:
        box_px: (..., 2) width and height in px of the box that counts as
            ``box_mm``; of tight boxes, :func:`tight_to_box_px`.
        focal: (..., 2) focal lengths f_x, f_y in px.
        box_mm (float): Side of the square in mm.

    Returns:
        (...): Depth of the root in mm.

    Raises:
        ValueError: If a width, a height or a focal length is not positive.

    Example:
        >>> float(root_depth_from_box(np.array([500., 500.]),
        ...                           np.array([1000., 1000.])))
        4000.0

    Reference: Moon et al., Camera Distance-aware Top-down Approach for 3D
    Multi-person Pose Estimation, ICCV 2019: the factor k.
    """
    for name, values in (('box_px', box_px), ('focal', focal)):
        check_shape(values, '... 2', name)
        if not bool((values > 0).all()):
            raise ValueError(f'{name} must be positive, got {values}')
    return box_mm * (focal.prod(-1) / box_px.prod(-1)) ** 0.5


def weak_perspective_mm(
    keypoints: np.ndarray, mm_per_px: float, root: int = 0
) -> np.ndarray:
    """Convert pixels and relative depth to mm, without a camera.

    x_mm = (x_px - x_root_px) * mm_per_px, and likewise y; z is in mm already.
    All joints count as far away as the root, so use it for drawing, not for
    measuring.

    Args:
        keypoints (np.ndarray): (..., K, 3) image px x, y and z in mm.
        mm_per_px (float): Scale at the root; of the box of 2000 mm,
            ``BOX_MM`` divided by its side in px.
        root (int): Index of the root joint. Defaults to 0.

    Returns:
        np.ndarray: (..., K, 3) mm relative to the root.

    Raises:
        ValueError: If the scale is not positive.

    Example:
        >>> weak_perspective_mm(np.array([[5., 5., 0.], [9., 5., 40.]]),
        ...                     mm_per_px=10.)[1].tolist()
        [40.0, 0.0, 40.0]
    """
    keypoints = np.asarray(keypoints, np.float64)
    sizes = check_shape(keypoints, '... K 3', 'keypoints')
    check_joint(root, sizes['K'])
    if not mm_per_px > 0:
        raise ValueError(
            f'weak_perspective_mm needs a positive mm_per_px, got {mm_per_px}'
        )
    relative = keypoints - keypoints[..., root : root + 1, :]
    return relative * np.array([mm_per_px, mm_per_px, 1.0])
