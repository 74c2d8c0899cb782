"""Track the people of a video, and smooth their poses.

The one-euro filter is of Casiez, Roussel, Vogel, "1 euro filter: a simple
speed-based low-pass filter for noisy input in interactive systems", CHI 2012,
Eq. 1, 5, 6, 7:
x̂_i = a x_i + (1 - a) x̂_(i-1), a = 1 / (1 + r / (2 pi f)) with the frame rate
r and the cut-off f = f_min + beta |dx̂|: slow joints are smoothed much, fast
ones lag little.
"""

import math
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from integral_mmpose.geometry import is_number, is_positive

#: Boxes of one person in two frames overlap by at least this IoU.
MIN_IOU = 0.3
#: Frames for which a missed person is remembered.
MEMORY_FRAMES = 30

SmoothLike = Union[str, Mapping]


@dataclass
class OneEuroFilter:
    """One-euro filter for arrays of one shape.

    Args:
        rate (float): Frames per second.
        min_cutoff (float): Cut-off in Hz at rest. Lower is smoother.
        beta (float): Increase of the cut-off in Hz with the speed, in units
            of the array per second. Higher lags less.
        speed_cutoff (float): Cut-off in Hz of the speed.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> filter_ = OneEuroFilter(rate=2 * math.pi, beta=0.0)
        >>> float(filter_(np.array(0.0))), float(filter_(np.array(1.0)))
        (0.0, 0.5)
    """

    rate: float
    min_cutoff: float = 1.0
    beta: float = 5.0
    speed_cutoff: float = 1.0

    def __post_init__(self) -> None:
        positive = self.rate, self.min_cutoff, self.speed_cutoff
        if (
            not all(map(is_positive, positive))
            or not is_number(self.beta)
            or self.beta < 0
        ):
            raise ValueError(
                'the one-euro filter needs rate, min_cutoff and speed_cutoff '
                f'> 0 and beta >= 0, got {self}'
            )
        self._value: Optional[np.ndarray] = None

    def __call__(self, value: np.ndarray, frames: int = 1) -> np.ndarray:
        """Filter an array that comes ``frames`` after the last one."""
        rate = self.rate / frames
        value = np.asarray(value, np.float64)
        if self._value is None:
            self._value, self._speed = value, np.zeros_like(value)
            return value
        # The paper's listing takes the speed from the filtered value.
        speed = (value - self._value) * rate
        weight = smoothing_weight(self.speed_cutoff, rate)
        self._speed += weight * (speed - self._speed)
        cutoff = self.min_cutoff + self.beta * np.abs(self._speed)
        weight = smoothing_weight(cutoff, rate)
        self._value = self._value + weight * (value - self._value)
        return self._value


def smoothing_weight(cutoff, rate: float):
    """Weight of the new value, Eq. 6 of the paper.

    Example:
        >>> smoothing_weight(1.0, 2 * math.pi)
        0.5
    """
    return 1 / (1 + rate / (2 * math.pi * cutoff))


class Tracker:
    """Assign track ids to the people of a video.

    Boxes are matched to known people greedily by IoU, at least
    :data:`MIN_IOU`; other boxes are new people. A missed person is remembered
    for :data:`MEMORY_FRAMES` frames, at the last box.
    """

    def __init__(self) -> None:
        #: Track id -> last box (4,) and number of its frame.
        self._known: Dict[int, Tuple[np.ndarray, int]] = {}
        self._frame = self._count = 0

    def __call__(self, boxes: np.ndarray) -> List[int]:
        """Return the ids of the boxes (N, 4 or more) of the next frame."""
        self._frame += 1
        oldest = self._frame - MEMORY_FRAMES - 1
        self._known = {
            i: known for i, known in self._known.items() if known[1] >= oldest
        }
        numbers, ids = list(self._known), []
        old = [box for box, _ in self._known.values()]
        for box, match in zip(boxes, match_boxes(boxes, old)):
            if match is None:
                ids.append(self._count)
                self._count += 1
            else:
                ids.append(numbers[match])
            self._known[ids[-1]] = box[:4], self._frame
        return ids


class PoseSmoother:
    """Smooth the poses of a video, frame by frame.

    Each track has its own filter. Lengths are in units of the person's first
    box, so the settings do not depend on the resolution.

    Args:
        smooth (str | Mapping): ``'one_euro'``, or a dict with this ``type``
            and arguments of :class:`OneEuroFilter`.
        rate (float): Frames per second.

    Raises:
        ValueError: If the filter is unknown.
    """

    def __init__(self, smooth: SmoothLike, rate: float) -> None:
        settings: dict = dict(type=smooth)
        if isinstance(smooth, Mapping):
            settings = dict(smooth)
        if settings.pop('type', None) != 'one_euro':
            raise ValueError(
                f"smooth must be 'one_euro' or a dict of this type, got "
                f'{smooth}'
            )
        try:
            OneEuroFilter(rate, **settings)
        except TypeError as error:
            raise ValueError(f'smooth: {error}') from error
        self._new_filter = lambda: OneEuroFilter(rate, **settings)
        #: Track id -> filter, units and last frame.
        self._people: Dict[int, Tuple[OneEuroFilter, np.ndarray, int]] = {}
        self._frame = 0

    def __call__(
        self,
        track_ids: Sequence[int],
        boxes: np.ndarray,
        keypoints: List[np.ndarray],
    ) -> List[np.ndarray]:
        """Smooth the people of the next frame.

        Args:
            track_ids (Sequence[int]): N ids of :class:`Tracker`.
            boxes (np.ndarray): (N, 4 or more) left, top, right, bottom, px.
            keypoints (list[np.ndarray]): N of (K, 2 or 3): image px x, y, and
                z in mm.

        Returns:
            list[np.ndarray]: N of (K, 2 or 3), smoothed.
        """
        self._frame += 1
        smoothed = []
        for track_id, box, points in zip(track_ids, boxes, keypoints):
            if track_id not in self._people:
                side = max(float((box[2:4] - box[:2]).max()), 1.0)
                units = np.array([side, side, 1000.0])[: points.shape[-1]]
                known = self._new_filter(), units, self._frame - 1
                self._people[track_id] = known
            filter_, units, last = self._people[track_id]
            found = filter_(points / units, self._frame - last)
            self._people[track_id] = filter_, units, self._frame
            smoothed.append(found * units)
        oldest = self._frame - MEMORY_FRAMES
        self._people = {
            i: known for i, known in self._people.items() if known[2] >= oldest
        }
        return smoothed


def match_boxes(
    boxes: np.ndarray, old: List[np.ndarray]
) -> List[Optional[int]]:
    """Pair boxes of two frames greedily by their overlap.

    Args:
        boxes (np.ndarray): (N, 4 or more) of this frame.
        old (list[np.ndarray]): M of (4,), of earlier frames.

    Returns:
        list[int | None]: For each box the index of its old one.

    Example:
        >>> match_boxes(np.array([[0., 0., 9., 9.], [20., 0., 30., 9.]]),
        ...             [np.array([21., 0., 30., 9.])])
        [None, 0]
    """
    result: List[Optional[int]] = [None] * len(boxes)
    if not len(boxes) or not old:
        return result
    overlap = box_overlaps(np.asarray(boxes)[:, :4], np.stack(old)[:, :4])
    while overlap.max() >= MIN_IOU:
        new, match = np.unravel_index(overlap.argmax(), overlap.shape)
        result[new] = int(match)
        overlap[new], overlap[:, match] = -1, -1
    return result


def box_overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU (N, M) of boxes (N, 4) and (M, 4).

    Example:
        >>> box_overlaps(np.array([[0, 0, 4, 4]]), np.array([[2, 0, 6, 4]]))
        array([[0.33333333]])
    """
    boxes, others = boxes[:, None].astype(float), others[None].astype(float)
    low = np.maximum(boxes[..., :2], others[..., :2])
    high = np.minimum(boxes[..., 2:], others[..., 2:])
    shared = (high - low).clip(0).prod(-1)
    own, other = ((b[..., 2:] - b[..., :2]).prod(-1) for b in (boxes, others))
    return shared / np.maximum(own + other - shared, 1e-9)
