"""Find people in frames: boxes, crops, batches, tracks, smoothing, mm."""

from dataclasses import dataclass, field
from typing import Iterable, Iterator, List, Optional, Tuple

import numpy as np

from integral_mmpose.geometry import Person

from .batching import in_batches
from .frames import Frame
from .onnx_model import Pose
from .placement import PersonPlacer
from .prefetch import read_ahead
from .sources import Source
from .tracking import PoseSmoother, Tracker


@dataclass
class ImageResult(Frame):
    """A frame with its ``people``, the best boxes first."""

    people: List[Person] = field(default_factory=list)


def find_people(
    frames: Source,
    boxes,
    model,
    placer: PersonPlacer,
    smoother: Optional[PoseSmoother],
    batch_size: int,
) -> Iterator[ImageResult]:
    """Find the people of each frame, in order.

    Reading, detection and cropping run in a second thread, unless the frames
    are live. ``boxes`` is a :class:`GivenBoxes` or :class:`DetectedBoxes`.
    People get a ``track_id`` in a video or with a ``smoother``.

    Yields:
        ImageResult: ``error`` has the reason if the frame failed.
    """
    located, waiting = _locate(frames, boxes, model, placer), None
    if frames.live:
        waiting = 1  # nothing waits for the next frame of a camera
    else:
        located = read_ahead(located)
    is_video = smoother is not None or frames.video
    tracker = Tracker() if is_video else None
    for (frame, found, places), poses in in_batches(
        located, model.predict, batch_size, waiting
    ):
        ids: list = [None] * len(poses)
        if tracker is not None:
            ids = tracker(found)
        if smoother is not None:
            points = smoother(ids, found, [p.keypoints for p in poses])
            poses = [p._replace(keypoints=k) for p, k in zip(poses, points)]
        result = ImageResult(**vars(frame))
        try:
            result.people = [
                make_person(box, pose, placer.fields(pose, place), track_id)
                for box, pose, place, track_id in zip(
                    found, poses, places, ids
                )
            ]
        except ValueError as error:
            result.error = f'{frame.name}: {error}'
        yield result


def make_person(
    box: np.ndarray, pose: Pose, in_mm: dict, track_id: Optional[int] = None
) -> Person:
    """Build a person from a box (5,), a pose and its fields in mm."""
    std_px = std_mm = None
    if pose.std is not None:
        std_px = np.sqrt((pose.std[:, :2] ** 2).mean(-1))
        std_mm = pose.std[:, 2] if pose.std.shape[-1] == 3 else None
    return Person(
        box[:4],
        float(box[4]),
        pose.keypoints[:, :2],
        pose.scores,
        **in_mm,
        std_px=std_px,
        std_mm=std_mm,
        track_id=track_id,
    )


def _locate(
    frames: Iterable[Frame], boxes, model, placer: PersonPlacer
) -> Iterator[Tuple[tuple, list]]:
    """Yield each frame with its boxes (N, 5) and places, and N crops."""
    for frame in frames:
        found, places, crops = np.zeros((0, 5), np.float32), [], []
        if not frame.error:
            try:
                found = boxes.boxes_of(frame)
                places = placer.places(frame, found)
                crops = [
                    model.crop(frame.image, box, place.mm_per_px)
                    for box, place in zip(found, places)
                ]
            except ValueError as error:
                frame.error = f'{frame.name}: {error}'
                found, places = found[:0], []
        yield (frame, found, places), crops
