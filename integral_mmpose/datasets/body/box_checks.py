"""Slips of a whole file: joints and boxes that are not in px of the image.

A joint outside its box has weight 0. Without these checks a training by
joints in another unit runs to its end, and learns little or nothing.
"""

from typing import List

import numpy as np

#: A box ends at the image's border, but for rounding.
BORDER_PX = 5


def check_joints_in_boxes(people: List[dict], file: str) -> None:
    """Most labelled joints of all people lie in their boxes.

    ``people`` are data infos of mmpose: ``bbox`` (1, 4) left, top, right,
    bottom in px, ``keypoints`` (1, K, 2 or 3), ``keypoints_visible`` (1, K).
    The boxes count with a quarter of their side more.

    Raises:
        ValueError: If more than half of the labelled joints lie outside.
    """
    if not people:
        return
    boxes = np.concatenate([person['bbox'] for person in people])
    margin = np.tile((boxes[:, 2:] - boxes[:, :2]) / 8, 2) * [-1, -1, 1, 1]
    inside = _joints_inside(people, boxes + margin)
    if 2 * inside.sum() < inside.size:
        raise ValueError(
            f'{file}: {np.sum(~inside)} of {inside.size} labelled joints lie '
            'outside the box of their person, and would not be trained. '
            'Joints and boxes must be in px of the image, x before y'
        )


def check_boxes_in_images(people: List[dict], file: str) -> None:
    """COCO's ``bbox`` is left, top, width, height, and not two corners.

    ``people`` are as above, with ``raw_ann_info`` and ``labelled_size``.

    Raises:
        ValueError: If more than a quarter of the boxes end outside their
            images, while they are corners that hold the labelled joints.
    """
    if not people:
        return
    boxes = np.array([p['raw_ann_info']['bbox'] for p in people], float)
    sizes = np.array([person['labelled_size'] for person in people])
    ends = boxes[:, :2] + boxes[:, 2:] > sizes + BORDER_PX
    corners = boxes + [-BORDER_PX, -BORDER_PX, BORDER_PX, BORDER_PX]
    inside = _joints_inside(people, corners)
    are_corners = (
        (boxes[:, 2:] > boxes[:, :2]).all()
        and (corners[:, 2:] <= sizes + 2 * BORDER_PX).all()
        and inside.sum() > 0.9 * inside.size
    )
    if are_corners and ends.any(1).mean() > 0.25:
        raise ValueError(
            f'{file}: {ends.any(1).sum()} of {len(people)} boxes end outside '
            'their image, and read as left, top, right, bottom they hold the '
            'joints. `bbox` must be left, top, width, height'
        )


def _joints_inside(people: List[dict], boxes: np.ndarray) -> np.ndarray:
    """Of each labelled joint of all, whether it lies in its box (N, 4)."""
    points = np.concatenate([p['keypoints'][..., :2] for p in people])
    seen = np.concatenate([person['keypoints_visible'] for person in people])
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    return ((points >= low) & (points <= high)).all(-1)[seen > 0]
