"""Draw a skeleton over an image.

Bones lie under joints. Joints of low confidence are smaller and fainter.
Joints below the threshold, or not finite, are left out with their bones. Small
images are enlarged first, so that bones do not hide the person.

Convention: images are (H, W, 3) uint8 RGB; pixel i stands for the coordinate
i at its centre, so that enlarging s times moves x to (x + 0.5) s - 0.5.
"""

from typing import Iterable, Optional, Sequence, Tuple

import cv2
import numpy as np

from integral_mmpose.geometry import check_shape

from .skeleton import Skeleton, opacity_of

MIN_SIDE = 256
_SHIFT = 4  # fraction bits of cv2's coordinates: 1/16 px


def draw_skeleton_2d(
    image: np.ndarray,
    keypoints_px: np.ndarray,
    skeleton: Skeleton,
    scores: Optional[np.ndarray] = None,
    score_thr: float = 0.3,
    min_side: int = MIN_SIDE,
) -> np.ndarray:
    """Draw one person's joints and bones on a copy of an image.

    Args:
        image (np.ndarray): (H, W, 3) uint8, RGB.
        keypoints_px (np.ndarray): (K, 2) or (K, 3) image px; z is not used.
        skeleton (Skeleton): Bones and colours of the K joints.
        scores (np.ndarray, optional): (K,) confidence in [0, 1].
        score_thr (float): Joints below it are skipped. Defaults to 0.3.
        min_side (int): Least longer side of the picture; 0 keeps the size.
            Defaults to 256.

    Returns:
        np.ndarray: (s H, s W, 3) uint8 RGB, s = 1 for large images.

    Raises:
        ValueError: If the numbers of joints differ, or the image is not one.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or not image.size:
        raise ValueError(
            f'image must be uint8 with the axes (H, W, 3), got {image.dtype} '
            f'with the shape {image.shape}'
        )
    check_shape(image, 'H W 3', 'image')
    points = np.asarray(keypoints_px, np.float64)[..., :2]
    joints = len(skeleton.colors)
    check_shape(points, f'{joints} 2', 'keypoints_px')
    scores = np.ones(joints) if scores is None else np.asarray(scores, float)
    check_shape(scores, f'{joints}', 'scores')
    image, points = enlarge(image, points, min_side)
    size = max(image.shape[:2])
    near = _drawable(points, 4 * size)
    shown = (scores >= score_thr) & near
    opacity = opacity_of(scores)
    if near.any():  # small people in a large picture: fine lines
        size = min(size, 2 * np.ptp(points[near], axis=0).max())
    thickness = max(1, round(size / 130))
    for (a, b), color in zip(skeleton.links, skeleton.link_colors):
        if shown[a] and shown[b]:
            faintest = min(opacity[[a, b]])
            _blend(image, points[[a, b]], color, faintest, thickness)
    for joint in np.flatnonzero(shown):
        radius = max(1.5, size / 85) * (0.5 + 0.5 * opacity[joint])
        _blend(
            image,
            points[[joint]],
            skeleton.colors[joint],
            opacity[joint],
            radius,
        )
    return image


def enlarge(
    image: np.ndarray, points_px: np.ndarray, min_side: int = MIN_SIDE
) -> Tuple[np.ndarray, np.ndarray]:
    """Enlarge an image by a whole factor, and its points with it.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        points_px (np.ndarray): (..., 2) px.
        min_side (int): Least longer side of the picture.

    Returns:
        tuple: A copy of the image, (s H, s W, 3), and the points (..., 2).

    Example:
        >>> picture, points = enlarge(np.zeros((2, 4, 3), np.uint8),
        ...                           np.array([1., 0.]), 8)
        >>> picture.shape, points.tolist()
        ((4, 8, 3), [2.5, 0.5])
    """
    factor = max(1, -(-min_side // max(image.shape[:2])))
    if factor == 1:
        return image.copy(), points_px
    height, width = image.shape[:2]
    image = cv2.resize(
        image,
        (factor * width, factor * height),
        interpolation=cv2.INTER_LINEAR,
    )
    return image, (points_px + 0.5) * factor - 0.5


def write_labels(
    image: np.ndarray,
    points_px: np.ndarray,
    labels: Iterable,
    colors: Sequence[tuple] = ((0, 0, 0), (255, 255, 255)),
) -> None:
    """Write a label beside each point (N, 2), in place; NaN is skipped.

    ``colors`` are the colours of the rim and of the letters.
    """
    near = _drawable(points_px, 4 * max(image.shape[:2]))
    for point, label, ok in zip(points_px, labels, near):
        if ok:
            x, y = (point + (4, -4)).astype(int).tolist()
            for color, thickness in zip(colors, (2, 1)):
                cv2.putText(
                    image,
                    str(label),
                    (x, y),
                    cv2.FONT_HERSHEY_SIMPLEX,
                    0.4,
                    color,
                    thickness,
                    cv2.LINE_AA,
                )


def _drawable(points, far):
    """Whether points fit into cv2's fixed-point coordinates."""
    with np.errstate(invalid='ignore'):
        return (np.abs(points) < far).all(-1)


def _blend(image, points, color, opacity, size):
    """Blend a line (2, 2), or a disc at (1, 2), into the image, in place.

    ``size`` is the thickness of the line or the radius of the disc.
    """
    margin = int(np.ceil(size)) + 2
    height, width = image.shape[:2]
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - margin, 0)
    x1, y1 = np.minimum(
        np.ceil(points.max(0)).astype(int) + margin + 1, (width, height)
    )
    if x0 >= x1 or y0 >= y1:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fixed = np.rint((points - (x0, y0)) * (1 << _SHIFT)).astype(int).tolist()
    if len(fixed) == 2:
        cv2.line(mask, *fixed, 255, size, cv2.LINE_AA, _SHIFT)
    else:
        radius = round(size * (1 << _SHIFT))
        cv2.circle(mask, fixed[0], radius, 255, -1, cv2.LINE_AA, _SHIFT)
    weight = mask[..., None] * (opacity / 255)
    region = image[y0:y1, x0:x1]
    region[:] = np.rint(region * (1 - weight) + np.array(color) * weight)
