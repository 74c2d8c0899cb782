"""Cameras and detected boxes of Human3.6M.

Cameras are JSON, ``{"S9": {"54138969": {"f": [2], "c": [2], ...}}}`` in px,
because the usual pickle can run code. Lens distortion is not used: the public
codes leave it out.
"""

from typing import Dict, Tuple

import numpy as np

from integral_mmpose.functional.camera import project

from ..checks import annotation_error, load_json, numbers
from .h36m_files import Annotations, parse_name

#: Mean distance between `part` and the projected `S` that only a wrong camera
#: file explains; the lens distortion that the model leaves out stays below.
MAX_REPROJECTION_PX = 50.0


def read_cameras(
    path: str, annotations: Annotations, ann_file: str
) -> Dict[Tuple[str, str], np.ndarray]:
    """Read f_x, f_y, c_x, c_y of every camera that the frames need.

    Where the annotations have a camera for each image, those must fit to the
    joints, not the ones of the file.

    Returns:
        dict: (subject, camera id) to a (4,) array in px.

    Raises:
        FileNotFoundError, ValueError: Naming the camera that is missing,
            wrong, or does not fit to the annotations.
    """
    cameras = load_json(path, 'the Human3.6M camera file', dict)
    frames = [parse_name(n.decode()) for n in annotations.names.tolist()]
    keys = [(f.subject, f.camera_id) for f in frames]
    order = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    intrinsics = {key: _intrinsics(cameras, path, *key) for key in order}
    groups = np.array([order[key] for key in keys])
    table = annotations.intrinsics
    if table is None:
        table = np.stack(list(intrinsics.values()))[groups]
    _check_projection(annotations, table, path, ann_file)
    return intrinsics


def read_boxes(path: str, annotations: Annotations) -> np.ndarray:
    """Read one detected box per frame: the one with the highest score.

    The file is a JSON list of ``{"imgname": str, "bbox": [x, y, w, h],
    "score": float}`` in px, with the image names of the annotation file.

    Returns:
        np.ndarray: (n, 5) x1, y1, x2, y2 in px and the score.

    Raises:
        FileNotFoundError, ValueError: If a frame has no box, or a box is
            malformed.
    """
    best: Dict[bytes, np.ndarray] = {}
    detections = load_json(path, 'the detection file', list)
    for id_, detection in enumerate(detections):
        name, box = _detection(detection, path, id_)
        if name not in best or best[name][4] < box[4]:
            best[name] = box
    missing = [n for n in annotations.names.tolist() if n not in best]
    if len(missing) == len(annotations.names):
        raise ValueError(
            f'{path}: none of its names is one of the annotation file: it '
            f'has {next(iter(best), b"none").decode()}, not '
            f'{missing[0].decode()}. Write the names as there.'
        )
    if missing:
        raise ValueError(
            f'{path}: {len(missing)} of {len(annotations.names)} frames have '
            f'no detection, the first is {missing[0].decode()}. Run the '
            'detector with a lower threshold on them.'
        )
    return np.stack([best[name] for name in annotations.names.tolist()])


def _detection(detection, path: str, id_: int) -> Tuple[bytes, np.ndarray]:
    for field in ('imgname', 'bbox', 'score'):
        if not isinstance(detection, dict) or field not in detection:
            raise annotation_error(path, id_, field, 'is missing')
    if not isinstance(detection['imgname'], str):
        raise annotation_error(path, id_, 'imgname', 'must be a string')
    x, y, w, h = numbers(detection['bbox'], path, id_, 'bbox', (4,))
    if w <= 0 or h <= 0:
        raise annotation_error(
            path, id_, 'bbox', f'must have a width and a height, got {w}, {h}'
        )
    score = numbers(detection['score'], path, id_, 'score', ())
    return detection['imgname'].encode(), np.array(
        [x, y, x + w, y + h, score], np.float32
    )


def _intrinsics(
    cameras: dict, path: str, subject: str, camera_id: str
) -> np.ndarray:
    by_id = cameras.get(subject)
    if not isinstance(by_id, dict) or camera_id not in by_id:
        known = sorted(by_id) if isinstance(by_id, dict) else sorted(cameras)
        raise ValueError(
            f'{path}: no camera {camera_id} of the subject {subject}; the '
            f'file has {known}. Write the cameras again from the data set.'
        )
    camera = by_id[camera_id]
    id_ = f'{subject}/{camera_id}'
    parts = []
    for field in ('f', 'c'):
        if not isinstance(camera, dict) or field not in camera:
            raise annotation_error(path, id_, field, 'is missing')
        parts.append(numbers(camera[field], path, id_, field, (2,)))
    if not (parts[0] > 0).all():
        raise annotation_error(path, id_, 'f', f'must be > 0, got {parts[0]}')
    return np.concatenate(parts)


def _check_projection(
    annotations: Annotations, table: np.ndarray, path: str, ann_file: str
) -> None:
    seen = project(
        annotations.points_mm, table[:, None, :2], table[:, None, 2:]
    )[..., :2]
    error = np.linalg.norm(seen - annotations.pixels, axis=-1).mean(-1)
    row = int(error.argmax())
    if error[row] > MAX_REPROJECTION_PX:
        raise annotation_error(
            ann_file,
            f'{annotations.ids[row]} ({annotations.names[row].decode()})',
            'part',
            f'is {error[row]:.0f} px away from the projection of `S` by the '
            f'cameras of {path}',
            'Take both files from the same data set.',
        )
