"""Draw people over their image, with 3D views beside it.

The visualizer of MMPose's hooks, the inferencers, the command and the web
page use these functions.

Convention: images are (H, W, 3) uint8 RGB, joints in px of the image.
"""

from math import inf
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from integral_mmpose.geometry import Person

from .overlay import draw_skeleton_2d, enlarge, write_labels
from .panel import GAP, beside, fit_canvas
from .skeleton import Skeleton
from .views import render_views

#: Least and greatest side in px of a 3D view.
VIEW_SIDES = (192, 640)
#: Longest side in px of a photograph beside its 3D views. Beside a larger one
#: the views would be small.
MAX_SIDE = 2 * VIEW_SIDES[1]
#: Least side in px of a 3D view in a video. The views of 144 people fit into
#: the lowest picture.
MOVIE_VIEW = VIEW_SIDES[0] // 12
_BOX_COLOR = (0, 200, 0)
#: Rim and letters of a label beside a 3D view.
ON_WHITE = ((255, 255, 255), (0, 0, 0))


def render(
    image: np.ndarray,
    people: Sequence[Person],
    skeleton: Skeleton,
    score_thr: float = 0.0,
    draw_bbox: bool = False,
    min_view: int = VIEW_SIDES[0],
    max_side: float = MAX_SIDE,
) -> np.ndarray:
    """Draw people over an image, with two 3D views of each beside it.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB; not modified.
        people (Sequence[Person]): Those with ``keypoints_3d_mm`` get views.
        skeleton (Skeleton): Bones and colours.
        score_thr (float): Joints below it are not drawn. Defaults to 0.
        draw_bbox (bool): Also draw the boxes. Defaults to False.
        min_view (int): Least side of a 3D view in px. The picture grows if the
            views are higher than the image.
        max_side (float): Longest side in px of an image with 3D views; larger
            ones are reduced.

    Returns:
        np.ndarray: (H', W', 3) uint8 RGB.
    """
    overlay = draw_people(image, people, skeleton, score_thr, draw_bbox)
    factor = max_side / max(overlay.shape[:2])
    if factor < 1 and any(p.keypoints_3d_mm is not None for p in people):
        overlay = cv2.resize(
            overlay, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA
        )
    views = draw_views(
        people, skeleton, overlay.shape[0], score_thr, min_view=min_view
    )
    return beside([overlay, *views])


def draw_people(
    image: np.ndarray,
    people: Sequence[Person],
    skeleton: Skeleton,
    score_thr: float = 0.0,
    draw_bbox: bool = False,
    joint_numbers: bool = False,
) -> np.ndarray:
    """Draw people over an image; several people in 3D are numbered.

    Images smaller than 256 px are enlarged to it. ``joint_numbers`` writes
    the index of each joint beside it. The other arguments are those of
    :func:`render`.

    Returns:
        np.ndarray: (s H, s W, 3) uint8 RGB, s = 1 for large images.
    """
    joints_px = np.array([person.keypoints_2d for person in people])
    picture, joints_px = enlarge(image, joints_px)
    labelled = len(people) > 1 and any(
        p.keypoints_3d_mm is not None for p in people
    )
    for number, (person, points) in enumerate(zip(people, joints_px)):
        picture = draw_skeleton_2d(
            picture, points, skeleton, person.scores, score_thr, min_side=0
        )
        if joint_numbers:
            shown = np.flatnonzero(person.scores >= score_thr)
            write_labels(picture, points[shown], shown)
        if labelled:
            write_labels(
                picture, points[[skeleton.root]], [_label(person, number)]
            )
        if draw_bbox and person.box is not None:
            corners = np.reshape(person.box[:4], (2, 2))
            corners = np.rint(enlarge(image, corners)[1])
            low, high = corners.astype(int).tolist()
            cv2.rectangle(picture, low, high, _BOX_COLOR, 1)
    return picture


def _label(person: Person, place: int) -> str:
    """'#3': the number of a person in a video, or its place in the image."""
    return f'#{place if person.track_id is None else person.track_id}'


def draw_views(
    people: Sequence[Person],
    skeleton: Skeleton,
    height: int,
    score_thr: float = 0.0,
    truths_mm: Optional[Sequence[np.ndarray]] = None,
    min_view: int = VIEW_SIDES[0],
) -> List[np.ndarray]:
    """Draw two 3D views of each person, the best boxes first, by columns.

    ``height`` is the height in px of the picture beside the views;
    ``truths_mm`` has a true pose (K, 3) for each person, drawn in grey. The
    other arguments are those of :func:`render`.

    Returns:
        list[np.ndarray]: One RGB picture; none without a 3D pose.
    """
    numbers = [
        i for i, p in enumerate(people) if p.keypoints_3d_mm is not None
    ]
    numbers.sort(key=lambda i: -people[i].box_score)
    if not numbers:
        return []
    columns, side = grid_of(len(numbers), height)
    side = max(side, min_view)
    cells = []
    for i in numbers:
        row = render_views(
            people[i].keypoints_3d_mm,
            skeleton,
            None if truths_mm is None else truths_mm[i],
            people[i].scores,
            score_thr,
            side,
        )
        if len(people) > 1:
            label = _label(people[i], i)
            write_labels(row, np.array([[2.0, 20.0]]), [label], ON_WHITE)
        cells.append(row)
    rows = -(-len(cells) // columns)
    parts = [
        np.concatenate(cells[start : start + rows])
        for start in range(0, len(cells), rows)
    ]
    return [beside(parts, 0)]


def grid_of(count: int, height: int) -> Tuple[int, int]:
    """Return the columns of pairs of views, and the side of a view in px.

    The grid is at most as high as the picture and twice as wide as high.

    Example:
        >>> grid_of(1, 400), grid_of(2, 400), grid_of(5, 400)
        ((1, 400), (1, 200), (2, 133))
    """
    room = int(np.clip(height, *VIEW_SIDES))
    sides = [
        min(room // -(-count // columns), room // columns)
        for columns in range(1, count + 1)
    ]
    best = int(np.argmax(sides))
    return best + 1, sides[best]


def render_frame(
    image: np.ndarray,
    people: Sequence[Person],
    skeleton: Skeleton,
    views: bool,
    **options,
) -> np.ndarray:
    """Draw a frame of a video; all frames get one size.

    ``views`` leaves room for 3D views. The options are ``score_thr`` and
    ``draw_bbox`` of :func:`render`.
    """
    options.update(min_view=MOVIE_VIEW, max_side=inf)
    picture = render(image, people, skeleton, **options)
    return fit_canvas(picture, *movie_size(image, views))


def movie_size(image: np.ndarray, views: bool) -> Tuple[int, int]:
    """Return the width and height in px of the pictures of a video.

    ``views`` leaves room for 3D views. Both are even, as players require.
    """
    height, width = enlarge(image, np.zeros(2))[0].shape[:2]
    if views:
        side = int(np.clip(height, *VIEW_SIDES))
        width, height = width + GAP + 2 * side, max(height, side)
    return width // 2 * 2, height // 2 * 2
