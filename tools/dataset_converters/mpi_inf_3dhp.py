"""Reading the training set of MPI-INF-3DHP as it is published.

A sequence is a folder ``S1/Seq1`` with ``annot.mat`` (for each of 14 cameras a
cell of ``annot2`` (n, 56) in px and of ``annot3`` (n, 84) in camera space in
mm, 28 joints), ``camera.calibration`` and the videos.

Convention: row i of annot.mat is frame i of the video, 0-based; image names
count from 1. The camera id is the sequence and two digits of the video: "203"
is video 3 of Seq2, since the two sequences of a subject have calibrations of
their own.
"""

import re
from pathlib import Path
from typing import Dict, List, NamedTuple

import numpy as np

from h36m.rows import check_camera, read_size
from integral_mmpose.datasets.body.camera_space_annotations import (
    MAX_MM,
    MAX_REPROJECTION_PX,
    MIN_DEPTH_MM,
)
from integral_mmpose.datasets.checks import (
    MAX_PX,
    annotation_error,
    check_array,
    require_file,
)
from integral_mmpose.datasets.joints import MPI_INF_3DHP_NAMES
from integral_mmpose.datasets.mat_files import read_mat
from integral_mmpose.geometry import CalibratedCamera

JOINTS = len(MPI_INF_3DHP_NAMES)
#: Numbers that a line of camera.calibration has.
CALIBRATION_FIELDS = dict(size=2, intrinsic=16, extrinsic=16)
#: Why :func:`unusable` leaves a frame out.
OUTSIDE = 'root outside the picture'
NO_FIT = 'annot2 far from the projection of annot3'
BEHIND = f'a joint behind the camera or nearer than {MIN_DEPTH_MM:.0f} mm'
FAR = f'a joint farther than {MAX_MM / 1000:.0f} m or above {MAX_PX:.0f} px'
NOT_FINITE = 'not finite'


class Sequence(NamedTuple):
    """A folder with the videos of one subject: 'S1', sequence 1."""

    folder: Path
    subject: str
    number: int


class Video(NamedTuple):
    """One video of a sequence."""

    sequence: Sequence
    camera: int

    @property
    def camera_id(self) -> str:
        """'100': the sequence and two digits of the camera."""
        return f'{self.sequence.number}{self.camera:02d}'

    def image(self, frame: int) -> str:
        """The name of an image by its 0-based frame."""
        subject = self.sequence.subject
        name = f'{subject}_Seq_{self.sequence.number}.{self.camera_id}'
        return f'{subject}/{name}/{name}_{frame + 1:06d}.jpg'


def find_sequences(root: str) -> List[Sequence]:
    """The sequences that have an annot.mat, in order."""
    found = {}
    for path in Path(root).glob('S*/Seq*/annot.mat'):
        match = re.fullmatch(r'S(\d+)/Seq(\d)', '/'.join(path.parts[-3:-1]))
        if match:
            found[tuple(map(int, match.groups()))] = path.parent
    if not found:
        raise FileNotFoundError(
            f'{root}: no S*/Seq*/annot.mat. Give the folder of the training '
            'set of MPI-INF-3DHP, with S1 to S8 in it.'
        )
    return [
        Sequence(folder, f'S{subject}', number)
        for (subject, number), folder in sorted(found.items())
    ]


def read_calibration(path: Path) -> Dict[int, CalibratedCamera]:
    """Cameras of a camera.calibration by their number."""
    require_file(str(path), 'the camera file of MPI-INF-3DHP')
    cameras: Dict[str, dict] = {}
    fields: dict = {}
    for line in path.read_text('utf-8', 'replace').splitlines():
        key, *values = line.split() or ['']
        if key == 'name':
            fields = cameras.setdefault(values[0] if values else '', {})
        fields[key] = values
    return {
        int(name): _camera(fields, str(path), name)
        for name, fields in cameras.items()
        if name.isdecimal()
    }


def _camera(fields: dict, path: str, name: str) -> CalibratedCamera:
    values, id_ = {}, f'camera {name}'
    for field, count in CALIBRATION_FIELDS.items():
        try:
            values[field] = np.array(fields.get(field, ()), np.float64)
        except ValueError:
            values[field] = np.empty(0)
        if len(values[field]) != count or not np.isfinite(values[field]).all():
            raise annotation_error(
                path, id_, field, f'must be {count} numbers'
            )
    intrinsic = values['intrinsic'].reshape(4, 4)
    extrinsic = values['extrinsic'].reshape(4, 4)
    rotation = extrinsic[:3, :3]
    camera = CalibratedCamera(
        rotation,
        position=-rotation.T @ extrinsic[:3, 3],
        focal=intrinsic.diagonal()[:2],
        principal=intrinsic[:2, 2],
        k=np.zeros(3),
        p=np.zeros(2),
        size=read_size(values['size'], path, id_, 'size'),
    )
    check_camera(camera, path, id_, ('extrinsic', 'intrinsic'))
    return camera


def read_annotations(path: Path) -> Dict[str, List[np.ndarray]]:
    """Joints of every camera: annot2 (n, 28, 2) px, annot3 (n, 28, 3) mm."""
    data = read_mat(
        str(path),
        "MPI-INF-3DHP's annot.mat",
        ('annot2', 'annot3', 'frames'),
    )
    frames = np.asarray(data['frames']).ravel()
    check_array(frames, (None,), str(path), 'all', 'frames')
    if not (np.diff(frames.astype(float)) == 1).all():
        raise annotation_error(
            str(path), 'all', 'frames', 'must count without a gap'
        )
    joints = {}
    for field, axes in (('annot2', 2), ('annot3', 3)):
        shape = (len(frames), JOINTS * axes)
        cells = [np.asarray(cell) for cell in data[field].ravel()]
        for camera, cell in enumerate(cells):
            check_array(cell, shape, str(path), f'camera {camera}', field)
        joints[field] = [c.reshape(-1, JOINTS, axes) for c in cells]
    return joints


def unusable(
    pixels: np.ndarray, points_mm: np.ndarray, camera: CalibratedCamera
) -> np.ndarray:
    """Why each frame is left out, '' if it is not: (n,) strings.

    ``pixels`` are (n, 17, 2), ``points_mm`` (n, 17, 3) in camera space.
    """
    reasons = np.full(len(pixels), '', dtype=object)
    outside = ~((pixels[:, 0] >= 0) & (pixels[:, 0] < camera.size)).all(-1)
    reasons[outside] = OUTSIDE
    good = np.isfinite(points_mm).all((1, 2)) & np.isfinite(pixels).all((1, 2))
    far = (np.abs(points_mm) > MAX_MM).any((1, 2))
    far |= (np.abs(pixels) > MAX_PX).any((1, 2))
    front = good & ~far & (points_mm[..., 2] >= MIN_DEPTH_MM).all(1)
    seen = camera.project(points_mm[front])[..., :2]
    error = np.linalg.norm(seen - pixels[front], axis=-1).mean(-1)
    reasons[np.flatnonzero(front)[error > MAX_REPROJECTION_PX]] = NO_FIT
    reasons[~front] = BEHIND
    reasons[far] = FAR
    reasons[~good] = NOT_FINITE
    return reasons
