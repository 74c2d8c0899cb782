"""Frames -> people: boxes, crops in batches, smoothing, mm, plain dicts."""

from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from .batching import in_batches
from .inputs import Frame
from .placement import PersonPlacer, Placement
from .results import person_dict
from .smoothing import PoseSmoother


class Located(NamedTuple):
    """A frame, its people's boxes (N, 5) and their places."""

    frame: Frame
    boxes: np.ndarray
    places: List[Placement]


def find_people(
    frames: Iterable[Frame],
    boxes,
    model,
    placer: PersonPlacer,
    smoother: Optional[PoseSmoother] = None,
    batch_size: int = 8,
) -> Iterator[Tuple[Frame, List[dict]]]:
    """People of each frame, in the order of the frames.

    Args:
        frames (Iterable[Frame]): Images or a video.
        boxes (GivenBoxes | DetectedBoxes): Where the people are.
        model (TopdownPoseModel): Or an object with its methods.
        placer (PersonPlacer): For the mm.
        smoother (PoseSmoother, optional): If the frames are a video.
        batch_size (int): People that go through the network together.

    Yields:
        tuple: The frame, with the reason in ``error`` where it could not be
        used, and its people as in :func:`person_dict`.
    """
    located = _locate(frames, boxes, model, placer)
    # Nothing waits for the next frame of a camera.
    waiting = 1 if getattr(frames, 'live', False) else None
    for item, poses in in_batches(located, model.predict, batch_size, waiting):
        if smoother is not None:
            smoothed = smoother(item.boxes, [p.keypoints for p in poses])
            poses = [
                pose._replace(keypoints=points)
                for pose, points in zip(poses, smoothed)
            ]
        try:
            people = [
                person_dict(box, pose, placer.fields(pose, place))
                for box, pose, place in zip(item.boxes, poses, item.places)
            ]
        except ValueError as error:
            yield _failed(item.frame, error), []
        else:
            yield item.frame, people


def _locate(
    frames: Iterable[Frame], boxes, model, placer: PersonPlacer
) -> Iterator[Tuple[Located, list]]:
    """Each frame with its boxes, and the crops of its people."""
    for frame in frames:
        found, places, crops = np.zeros((0, 5), np.float32), [], []
        if not frame.error:
            try:
                found = boxes.boxes_of(frame)
                places = placer.places(frame, found, boxes.tight)
                crops = [
                    model.crop(frame.image, box, boxes.tight, place.mm_per_px)
                    for box, place in zip(found, places)
                ]
            except ValueError as error:
                frame, found, places = _failed(frame, error), found[:0], []
        yield Located(frame, found, places), crops


def _failed(frame: Frame, error: ValueError) -> Frame:
    return frame._replace(error=f'{frame.name}: {error}')
