"""Cameras of Human3.6M.

Cameras are JSON, ``{"S9": {"54138969": {"f": [2], "c": [2], ...}}}`` in px,
because the usual pickle can run code. Lens distortion is not used: the public
codes leave it out.
"""

import numpy as np

from ..checks import (
    ANY,
    annotation_error,
    check_fields,
    float_field,
    load_json,
)


def read_cameras(
    path: str, subjects: np.ndarray, camera_ids: np.ndarray
) -> np.ndarray:
    """The camera of each frame: (n, 4) f_x, f_y, c_x, c_y in px.

    Subjects (n,) are such as 'S9', camera ids (n,) such as '54138969'.

    Raises:
        FileNotFoundError, ValueError: Naming the camera that is missing or
            wrong.
    """
    cameras = load_json(path, 'the Human3.6M camera file', dict)
    keys = list(zip(subjects.tolist(), camera_ids.tolist()))
    order = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    table = np.stack([_intrinsics(cameras, path, *key) for key in order])
    return table[[order[key] for key in keys]]


def _intrinsics(
    cameras: dict, path: str, subject: str, camera_id: str
) -> np.ndarray:
    by_id = cameras.get(subject)
    if not isinstance(by_id, dict) or camera_id not in by_id:
        known = sorted(by_id) if isinstance(by_id, dict) else sorted(cameras)
        raise ValueError(
            f'{path}: no camera {camera_id} of the subject {subject}; the '
            f'file has {known}. Write it again with h36m_cameras_to_json.py.'
        )
    camera = by_id[camera_id]
    id_ = f'{subject}/{camera_id}'
    check_fields(camera, dict(f=ANY, c=ANY), path, id_)
    parts = [float_field(camera[f], path, id_, f, (2,)) for f in ('f', 'c')]
    if not (parts[0] >= 1).all():
        raise annotation_error(
            path, id_, 'f', f'must be at least 1 px, got {parts[0]}'
        )
    return np.concatenate(parts)
