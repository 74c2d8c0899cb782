"""The one-euro filter over the people of a video.

Casiez, Roussel, Vogel, "1 euro filter: a simple speed-based low-pass filter
for noisy input in interactive systems", CHI 2012, Eq. 1, 5, 6, 7:
x̂_i = a x_i + (1 - a) x̂_(i-1), a = 1 / (1 + r / (2 pi f)) with the frame rate
r and the cut-off f = f_min + beta |dx̂|: slow joints are smoothed much, fast
ones lag little.
"""

import math
from typing import List, Mapping, NamedTuple, Optional, Union

import numpy as np
import torch
from mmpose.structures.bbox import bbox_overlaps

#: Boxes of one person in two frames overlap by at least this IoU.
MIN_IOU = 0.3

SmoothLike = Union[str, Mapping]


class OneEuroFilter:
    """One-euro filter of arrays of one shape.

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

    def __init__(
        self,
        rate: float,
        min_cutoff: float = 1.0,
        beta: float = 5.0,
        speed_cutoff: float = 1.0,
    ) -> None:
        if not min(rate, min_cutoff, speed_cutoff) > 0 or not beta >= 0:
            raise ValueError(
                'the one-euro filter needs rate, min_cutoff and speed_cutoff '
                f'> 0 and beta >= 0, got {rate}, {min_cutoff}, '
                f'{speed_cutoff}, {beta}'
            )
        self.rate = rate
        self.min_cutoff = min_cutoff
        self.beta = beta
        self.speed_cutoff = speed_cutoff
        self._value: Optional[np.ndarray] = None

    def __call__(self, value: np.ndarray) -> np.ndarray:
        """Filter the next frame's array."""
        value = np.asarray(value, np.float64)
        if self._value is None:
            self._value, self._speed = value, np.zeros_like(value)
            return value
        # The paper's listing takes the speed from the filtered value.
        speed = (value - self._value) * self.rate
        self._speed += self._weight(self.speed_cutoff) * (speed - self._speed)
        cutoff = self.min_cutoff + self.beta * np.abs(self._speed)
        self._value = self._value + self._weight(cutoff) * (
            value - self._value
        )
        return self._value

    def _weight(self, cutoff):
        return 1 / (1 + self.rate / (2 * math.pi * cutoff))


class _Track(NamedTuple):
    """A person of the last frame: the box (4,) and the filter."""

    box: np.ndarray
    filter: OneEuroFilter
    units: np.ndarray


class PoseSmoother:
    """Smooth the poses of a video, frame by frame.

    People have no names: a person is the one of the last frame whose box
    overlaps most (the largest IoU first), and starts anew without an overlap
    of 0.3. Lengths are filtered in units of the box in which the person
    appeared, so that the settings do not depend on the resolution.

    Args:
        smooth (str | Mapping): ``'one_euro'``, or a dict with this ``type``
            and arguments of :class:`OneEuroFilter`.
        rate (float): Frames per second.

    Raises:
        ValueError: If the filter is unknown.
    """

    def __init__(self, smooth: SmoothLike, rate: float) -> None:
        settings = dict(type=smooth) if isinstance(smooth, str) else smooth
        settings = dict(settings)
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
        self._tracks: List[_Track] = []

    def __call__(
        self, boxes: np.ndarray, keypoints: List[np.ndarray]
    ) -> List[np.ndarray]:
        """Smooth the people of the next frame.

        Args:
            boxes (np.ndarray): (N, 4 or more) left, top, right, bottom, px.
            keypoints (list[np.ndarray]): N of (K, 2 or 3): image px x, y, and
                z in mm.

        Returns:
            list[np.ndarray]: N of (K, 2 or 3), smoothed.
        """
        old = match_boxes(boxes, [track.box for track in self._tracks])
        tracks, smoothed = [], []
        for box, points, match in zip(boxes, keypoints, old):
            if match is None:
                side = max(float((box[2:4] - box[:2]).max()), 1.0)
                units = np.array([side, side, 1000.0])[: points.shape[-1]]
                track = _Track(box[:4], self._new_filter(), units)
            else:
                track = self._tracks[match]._replace(box=box[:4])
            tracks.append(track)
            smoothed.append(track.filter(points / track.units) * track.units)
        self._tracks = tracks
        return smoothed


def match_boxes(
    boxes: np.ndarray, old: List[np.ndarray]
) -> List[Optional[int]]:
    """Pair boxes of two frames greedily by their overlap.

    Args:
        boxes (np.ndarray): (N, 4 or more) of this frame.
        old (list[np.ndarray]): M of (4,), of the last frame.

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
    overlap = bbox_overlaps(
        torch.as_tensor(np.asarray(boxes)[:, :4], dtype=torch.float64),
        torch.as_tensor(np.stack(old), dtype=torch.float64),
    ).numpy()
    while overlap.max() >= MIN_IOU:
        new, match = np.unravel_index(overlap.argmax(), overlap.shape)
        result[new] = int(match)
        overlap[new], overlap[:, match] = -1, -1
    return result
