"""The rows of Human3.6M's npz files, and their person crops.

A crop is a square of 2500 mm around the pelvis at its depth, 1.25 times the
box that networks see, scaled to a side of s px: at s = 320 the box of 2000 mm
has 256 px. Scaling by a and moving by o changes the camera of that image:
u' = a·(u − o), so f' = a·f and c' = a·(c − o). The npz has ``f`` and ``c``
for each image then.

Convention: 0-based pixels; u' is what ``TopdownAffine`` makes of u.
"""

import io
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from integral_mmpose.command import write_and_report
from integral_mmpose.datasets.actions import TEST_SUBJECTS
from integral_mmpose.datasets.body.camera_space_annotations import (
    CameraSpaceAnnotations,
    check_annotations,
)
from integral_mmpose.datasets.checks import FIX, annotation_error, float_field
from integral_mmpose.geometry import BOX_MM, CalibratedCamera, box_side_px

from .names import Recording

#: Room for the augmentation, whose largest scale it is.
CROP_MARGIN = 1.25
#: Fields of a camera file, in the order of :class:`CalibratedCamera`.
SHAPES = dict(R=(3, 3), T=(3,), f=(2,), c=(2,), k=(3,), p=(2,))
#: What messages call the fields of :class:`CameraSpaceAnnotations`.
POSE_FIELDS = dict(
    names='image',
    pixels='pixels',
    points_mm='pose',
    focal='f of the camera',
    principal='c of the camera',
)

Rows = Dict[str, np.ndarray]


def read_camera(
    entry: dict, file: str, id_, place: str = 'T', fix: str = FIX
) -> CalibratedCamera:
    """Read a camera of a file and check it.

    ``entry`` has numbers in lists or an array for each field; ``k`` and ``p``
    may be missing, ``T`` is called ``place``.
    """
    values = {}
    for field, shape in SHAPES.items():
        name = place if field == 'T' else field
        value = entry.get(name)
        if value is None and field in 'kp':
            continue
        if value is not None and field != 'R':
            value = np.ravel(np.array(value, object)).tolist()
        float_field(value, file, id_, name, shape)  # float32: fewer digits
        values[field] = np.array(value, np.float64)
    camera = CalibratedCamera(*(values.get(field) for field in SHAPES))
    check_camera(camera, file, id_, fix=fix)
    return camera


def check_camera(
    camera: CalibratedCamera,
    file: str,
    id_,
    names: Tuple[str, str] = ('R', 'f'),
    fix: str = FIX,
) -> None:
    """Refuse another matrix than a rotation, and focal lengths below 1 px.

    ``names`` are those of the two fields in the file.
    """
    rotation, focal = camera.rotation, camera.focal
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3:
        raise annotation_error(file, id_, names[0], 'is no rotation', fix)
    if np.linalg.det(rotation) < 0:
        problem = 'is a reflection and no rotation: its determinant is -1'
        raise annotation_error(file, id_, names[0], problem, fix)
    if not (focal >= 1).all():
        problem = f'must have focal lengths of at least 1 px, got {focal}'
        raise annotation_error(file, id_, names[1], problem, fix)


def read_size(value, file: str, id_, field: str) -> np.ndarray:
    """Read w, h of the images of a camera and check them."""
    size = float_field(value, file, id_, field, (2,))
    if not ((size >= 1) & (size == size.round())).all():
        problem = f'must be whole numbers of at least 1, got {size}'
        raise annotation_error(file, id_, field, problem)
    return size


class Steps(NamedTuple):
    """Every n-th frame of the videos goes into a split."""

    train: int
    test: int

    def frames(self, recording: Recording, count: int) -> Dict[str, range]:
        """0-based frames of ``count`` for each split of a recording."""
        frames = dict(train=range(0, count, self.train))
        if recording.subject in TEST_SUBJECTS:
            frames['test'] = range(0, count, self.test)
        return frames


def check_poses(
    names: Sequence[str],
    pixels: np.ndarray,
    points_mm: np.ndarray,
    camera: CalibratedCamera,
    source: str,
    ids: Sequence,
) -> None:
    """Refuse poses that the data set class would refuse.

    ``pixels`` (n, 17, 2) and ``points_mm`` (n, 17, 3) in camera space come
    from the file ``source``, which calls the n frames ``ids``.
    """
    intrinsics = np.tile([*camera.focal, *camera.principal], (len(names), 1))
    frames = CameraSpaceAnnotations(
        np.array(names, str), pixels, points_mm, intrinsics, ids=ids
    )
    check_annotations(frames, 17, source, POSE_FIELDS)


def crop_boxes(
    pixels: np.ndarray, points_mm: np.ndarray, focal: np.ndarray
) -> np.ndarray:
    """The squares (n, 3) to cut out: left, top and side in px.

    ``pixels`` are (n, 17, 2), ``points_mm`` (n, 17, 3) in camera space,
    ``focal`` is (2,) or (n, 2) px.
    """
    sides = box_side_px(points_mm[:, 0, 2], focal, BOX_MM * CROP_MARGIN)
    return np.column_stack([pixels[:, 0] - sides[:, None] / 2, sides])


def crop_image(image: np.ndarray, box: np.ndarray, side_px: int):
    """Cut a square (left, top, side) out of an image; black outside of it.

    From (h, w, 3) to (side_px, side_px, 3) uint8.
    """
    left, top, side = box
    scale = side_px / side
    matrix = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]])
    return cv2.warpAffine(image, matrix, (side_px, side_px))


def crop_rows(
    rows: Rows,
    boxes: np.ndarray,
    focal: np.ndarray,
    principal: np.ndarray,
    side_px: int,
) -> Rows:
    """The rows of the crops: in px of the crops, with ``f`` and ``c`` (n, 2).

    ``rows``, ``focal`` and ``principal``, (2,) or (n, 2), are of the whole
    images; ``boxes`` (n, 3) have left, top and side in px.
    """
    scale = side_px / boxes[:, 2:]
    offset = boxes[:, :2]
    part = rows['part'].copy()
    part[..., :2] = (part[..., :2] - offset[:, None]) * scale[:, None]
    return dict(
        rows,
        center=((rows['center'] - offset) * scale).astype(np.float32),
        scale=(rows['scale'] * scale[:, 0]).astype(np.float32),
        part=part,
        f=(focal * scale).astype(np.float32),
        c=((principal - offset) * scale).astype(np.float32),
    )


def write_annotations(
    out: str, parts: Dict[str, List[Rows]], cameras: dict, stem: str = 'h36m'
) -> None:
    """Write the folder ``annotations``, and print counts and hashes.

    ``parts`` has the rows of recordings by split, ``cameras`` the entries by
    subject and camera id; the names of the splits' files begin with ``stem``.
    """
    files = {'cameras.json': json.dumps(cameras, allow_nan=False).encode()}
    for split, rows in parts.items():
        if rows:
            joined = {k: np.concatenate([r[k] for r in rows]) for k in rows[0]}
            files[f'{stem}_{split}.npz'] = npz_bytes(joined)
    for name, content in files.items():
        write_and_report(Path(out, 'annotations', name), content)
    for split, rows in parts.items():
        print(f'{split}: {sum(len(part["imgname"]) for part in rows)} frames')


def npz_bytes(rows: Rows) -> bytes:
    """The bytes of an npz file; the same rows give the same bytes."""
    file = io.BytesIO()
    np.savez(file, **rows)
    return file.getvalue()
