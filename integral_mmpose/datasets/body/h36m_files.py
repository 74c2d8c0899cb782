"""Reading and checking the annotations of Human3.6M.

The file has mmpose's npz keys: ``imgname`` (n,), ``part`` (n, 17, 2+) in px,
``S`` (n, 17, 3+) in camera-space metres. Where the images are crops, ``f`` and
``c`` (n, 2) in px are the camera of each image. All checks are vectorised,
because the training set has 312,000 frames.

Convention: a file name counts frames from 1, ``frame`` here from 0, so "every
64th frame" is ``frame % 64 == 0``.
"""

import math
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Set

import numpy as np

from integral_mmpose.geometry import check_counts

from ..actions import ACTIONS, ALIASES
from ..checks import annotation_error, check_array, is_file_name, load_npz
from .camera_space_annotations import CameraSpaceAnnotations

#: MMPose's: `scale` is the box times this over 200 px.
BOX_MARGIN, BOX_UNIT_PX = 1.2, 200.0
#: Names of the fields of ``CameraSpaceAnnotations`` in the npz file.
FIELDS = dict(
    names='imgname',
    pixels='part',
    points_mm='S',
    focal='f',
    principal='c',
)
_NAME = re.compile(
    r'(?P<subject>S\d+)_(?P<action>[A-Za-z]+)(?: ?_?\d+)?\.'
    r'(?P<camera>\d+)_(?P<frame>[0-9]{1,9})\.\w+$'
)


class FrameName(NamedTuple):
    """What the name of a Human3.6M image says."""

    subject: str
    action: str
    camera_id: str
    frame: int


def parse_name(imgname: str) -> Optional[FrameName]:
    """Read subject, action, camera and 0-based frame from an image name.

    Example:
        >>> parse_name('S9/S9_Photo_1.54138969/S9_Photo_1.54138969_000065.jpg')
        FrameName(subject='S9', action='Photo', camera_id='54138969', frame=64)
    """
    match = _NAME.search(imgname)
    if match is None or int(match['frame']) < 1:
        return None
    action = ALIASES.get(match['action'], match['action'])
    return FrameName(
        match['subject'], action, match['camera'], int(match['frame']) - 1
    )


def read_annotations(
    path: str,
    subjects: Optional[Sequence] = None,
    actions: Optional[Sequence[str]] = None,
    frame_step: int = 1,
    exclude: Sequence[str] = (),
) -> CameraSpaceAnnotations:
    """Read the frames that the arguments of ``H36MImageDataset`` select.

    Returns:
        CameraSpaceAnnotations: 17 joints; ``intrinsics`` is None where the
        file has no camera for each image.

    Raises:
        FileNotFoundError, ValueError: Naming file, id, field and the fix.
    """
    data = load_npz(
        path,
        'the Human3.6M annotation file',
        ('imgname', 'part', 'S'),
        optional=('f', 'c'),
    )
    _check_shapes(data, path)
    frames = _parse_names(data['imgname'], path)
    keep = np.ones(len(frames), bool)
    for field, wanted in dict(subjects=subjects, actions=actions).items():
        if not isinstance(wanted, (list, tuple, set, type(None))):
            raise ValueError(f'{field} must be a list, got {wanted!r}')
    if subjects is not None:
        names = {s if str(s).startswith('S') else f'S{s}' for s in subjects}
        keep &= _one_of(frames, 'subject', names, path)
    if actions is not None:
        keep &= _one_of(frames, 'action', _action_names(actions), path)
    if len(exclude):
        keep &= ~_in_sequences(data['imgname'], exclude, path)
    check_counts(frame_step=frame_step)
    _check_step(frames, frame_step, path)
    keep &= np.array([f.frame for f in frames], np.int64) % frame_step == 0
    ids = np.flatnonzero(keep)
    if not len(ids):
        raise ValueError(
            f'{path}: no frame is left of {len(keep)} for '
            f'subjects={subjects}, actions={actions}, '
            f'frame_step={frame_step}, exclude={list(exclude)}. '
            'Relax one of them.'
        )
    return CameraSpaceAnnotations(
        names=data['imgname'][ids],
        pixels=data['part'][ids, :, :2].astype(np.float32),
        points_mm=(data['S'][ids, :, :3] * 1000.0).astype(np.float32),
        intrinsics=_intrinsics(data, ids, path),
        groups={
            key: np.array([getattr(frames[id_], key) for id_ in ids])
            for key in FrameName._fields
        },
        ids=ids,
    )


def make_rows(
    names: Sequence[str], pixels: np.ndarray, points_m: np.ndarray
) -> Dict[str, np.ndarray]:
    """The fields that MMPose's npz has for each of n images.

    Pixels are (n, 17, 2), points (n, 17, 3) in camera space in metres.

    Returns:
        dict: imgname (n,), center (n, 2), scale (n,), part (n, 17, 3) and S
        (n, 17, 4) in metres.
    """
    ones = np.ones((*pixels.shape[:2], 1))
    low, high = pixels.min(1), pixels.max(1)
    side = (high - low).max(1)
    return dict(
        imgname=np.array(names, str),
        center=((low + high) / 2).astype(np.float32),
        scale=(BOX_MARGIN * side / BOX_UNIT_PX).astype(np.float32),
        part=np.concatenate([pixels, ones], -1).astype(np.float32),
        S=np.concatenate([points_m, ones], -1).astype(np.float32),
    )


def _intrinsics(
    data: dict, ids: np.ndarray, path: str
) -> Optional[np.ndarray]:
    present = [field for field in ('f', 'c') if field in data]
    if not present:
        return None
    shape = (len(data['imgname']), 2)
    fix = 'Write `f` and `c` of every image, or neither.'
    for field in ('f', 'c'):
        array = data.get(field, np.empty(0))
        check_array(array, shape, path, 'all', field, fix)
    return np.concatenate([data['f'], data['c']], 1)[ids]


def _check_step(frames: List[FrameName], step: int, path: str) -> None:
    """A file of every 5th frame has only every 320th of every 64th."""
    written = math.gcd(*(frame.frame for frame in frames))
    if 0 < written < step and step % written:
        raise ValueError(
            f'{path}: frame_step={step}, but the file holds every {written}th '
            f'frame: only every {math.lcm(written, step)}th would be left. '
            'Write the test file at its own step'
        )


def _check_shapes(data: dict, path: str) -> None:
    names, fix = data['imgname'], 'Write 17 joints for every image.'
    if names.ndim != 1 or names.dtype.kind != 'U':
        problem = (
            'must be a one-dimensional array of strings, got '
            f'{names.dtype} of the shape {names.shape}'
        )
        raise annotation_error(path, 'all', 'imgname', problem)
    for field, axes in (('part', 2), ('S', 3)):
        shape = (len(names), 17, axes)
        array = np.atleast_1d(data[field])[..., :axes]
        check_array(array, shape, path, 'all', field, fix)


def _parse_names(names: np.ndarray, path: str) -> List[FrameName]:
    frames = [parse_name(name) for name in names.tolist()]
    for id_, frame in enumerate(frames):
        if frame is None or not is_file_name(names[id_]):
            problem = (
                'does not name subject, action, camera and frame: '
                f'{names[id_]!r:.100}'
            )
            fix = 'Use S1_Directions_1.54138969_000001.jpg as a pattern.'
            raise annotation_error(path, id_, 'imgname', problem, fix)
    return frames


def _action_names(actions: Sequence[str]) -> Set[str]:
    wanted = {ALIASES.get(action, action) for action in actions}
    unknown = sorted(wanted.difference(ACTIONS))
    if unknown:
        raise ValueError(
            f'Human3.6M has no action {unknown[0]!r}. Choose from '
            f'{list(ACTIONS)}.'
        )
    return wanted


def _one_of(
    frames: List[FrameName], field: str, wanted: Set[str], path: str
) -> np.ndarray:
    values = [getattr(frame, field) for frame in frames]
    absent = sorted(wanted.difference(values))
    if absent:
        raise ValueError(
            f'{path}: no frame of the {field} {absent[0]!r}; the file has '
            f'{sorted(set(values))}. Correct `{field}s` or the file.'
        )
    return np.array([value in wanted for value in values])


def _in_sequences(
    imgnames: np.ndarray, wanted: Sequence[str], path: str
) -> np.ndarray:
    # S9_Waiting_1.54138969_000001.jpg: with and without the camera.
    videos = [name.split('/')[-1].rsplit('_', 1)[0] for name in imgnames]
    sequences = [video.split('.')[0] for video in videos]
    absent = sorted(set(wanted).difference(sequences, videos))
    if absent:
        raise ValueError(
            f'{path}: no sequence {absent[0]!r} to exclude; the file has '
            f'{sorted(set(sequences))}. Correct `exclude` or the file.'
        )
    return np.isin(sequences, wanted) | np.isin(videos, wanted)
