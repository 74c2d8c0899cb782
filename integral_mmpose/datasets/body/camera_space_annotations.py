"""Annotations in camera space as arrays, and their checks.

All checks are vectorised: Human3.6M has 312,000 training images.
"""

from typing import Dict, NamedTuple, Optional, Sequence

import numpy as np

from integral_mmpose.geometry import project

from ..checks import MAX_PX

#: A room is smaller than 100 m; nobody stands within 10 cm of the camera.
MAX_MM, MIN_DEPTH_MM = 1e5, 100.0
#: Mean distance between pixels and projected points that only a wrong camera
#: explains; the lens distortion that the model leaves out stays below.
MAX_REPROJECTION_PX = 50.0
#: The same for the shape of the person, whose middle is put on the projected
#: one, as a share of its size: the median of a camera's frames. A lens leaves
#: it below 0.05; a wrong focal length or another order of frames does not.
MAX_SHAPE_SHARE = 0.2


class CameraSpaceAnnotations(NamedTuple):
    """One person in each of n images, as arrays.

    names (n,) of the images below ``data_prefix['img']``, str or UTF-8 bytes
    (a quarter of the memory); pixels (n, K, 2) px; points_mm (n, K, 3)
    camera space in mm; intrinsics (n, 4) f_x, f_y, c_x, c_y of each image in
    px; groups name -> (n,), added to each sample (``action`` is what
    ``IntegralMPJPE`` averages by); ids (n,), the row if left out.
    """

    names: np.ndarray
    pixels: np.ndarray
    points_mm: np.ndarray
    intrinsics: np.ndarray
    groups: Optional[Dict[str, np.ndarray]] = None
    ids: Optional[np.ndarray] = None


def check_annotations(
    frames: CameraSpaceAnnotations, joints: int, file: str, fields: dict
) -> None:
    """Check every field of every frame at once."""
    problems = _wrong_shapes(frames, joints, fields)
    if problems:
        raise problems_error(file, problems)
    points, focal = frames.points_mm, frames.intrinsics[:, :2]
    finite = np.isfinite(points).all(-1)
    tests = [
        (
            'pixels',
            ~(np.abs(frames.pixels) <= MAX_PX).all(-1),
            f'is not finite or above {MAX_PX:.0f} px',
        ),
        ('points_mm', ~finite, 'is not finite'),
        (
            'points_mm',
            finite & ~(points[..., 2] >= MIN_DEPTH_MM),
            f'lies behind the camera or nearer than {MIN_DEPTH_MM:.0f} mm',
        ),
        (
            'points_mm',
            finite & ~(np.abs(points) <= MAX_MM).all(-1),
            f'is farther than {MAX_MM / 1000:.0f} m away; check its unit',
        ),
        (
            'focal',
            ~((focal >= 1) & (focal <= MAX_PX)).all(1),
            f'must lie in 1..{MAX_PX:.0f} px',
        ),
        (
            'principal',
            ~(np.abs(frames.intrinsics[:, 2:]) <= MAX_PX).all(1),
            f'is not finite or above {MAX_PX:.0f} px',
        ),
    ]
    for field, bad, problem in tests:
        if bad.any():
            row, *joint = np.argwhere(bad)[0]
            of_joint = f'joint {joint[0]} ' if joint else ''
            problems.append(
                (place_of(frames, row), fields[field], of_joint + problem)
            )
    if not problems:
        problems = _wrong_cameras(frames, fields)
    if problems:
        raise problems_error(file, problems)


def _wrong_shapes(frames, joints: int, fields: dict) -> list:
    count = len(frames.names)
    wanted = [
        ('pixels', frames.pixels, (count, joints, 2), 'iuf'),
        ('points_mm', frames.points_mm, (count, joints, 3), 'iuf'),
        ('intrinsics', frames.intrinsics, (count, 4), 'iuf'),
    ]
    for key, values in (frames.groups or {}).items():
        wanted.append((f'group {key}', values, (count,), 'SUif'))
    problems = []
    for field, array, shape, kinds in wanted:
        array = np.asarray(array)
        if array.shape != shape or array.dtype.kind not in kinds:
            what = 'numbers' if kinds == 'iuf' else 'names or numbers'
            problem = (
                f'must hold {what} of the shape {shape}, got '
                f'{array.dtype} of the shape {array.shape}'
            )
            problems.append(('all', fields.get(field, field), problem))
    if not count or np.asarray(frames.names).dtype.kind not in 'SU':
        problem = 'must hold the names of at least one image'
        problems.append(('all', fields['names'], problem))
    elif (np.char.str_len(frames.names) == 0).any():
        row = int((np.char.str_len(frames.names) == 0).argmax())
        problems.append((row, fields['names'], 'is empty'))
    return problems


def _wrong_cameras(frames, fields: dict) -> list:
    camera = frames.intrinsics[:, None]
    seen = project(frames.points_mm, camera[..., :2], camera[..., 2:])[..., :2]
    error = np.linalg.norm(seen - frames.pixels, axis=-1).mean(-1)
    row, fix = int(error.argmax()), 'take joints and cameras from one data set'
    projection = f'the projection of `{fields["points_mm"]}` by its camera'
    if error[row] > MAX_REPROJECTION_PX:
        problem = f'is {error[row]:.0f} px away from {projection}: {fix}'
        return [(place_of(frames, row), fields['pixels'], problem)]
    shape = frames.pixels - frames.pixels.mean(1, keepdims=True)
    moved = seen - seen.mean(1, keepdims=True) - shape
    sizes = np.linalg.norm(shape, axis=-1).mean(-1)
    shares = np.linalg.norm(moved, axis=-1).mean(-1) / np.maximum(sizes, 1)
    cameras, number = np.unique(frames.intrinsics, axis=0, return_inverse=True)
    for camera in range(len(cameras)):
        rows = np.flatnonzero(number.ravel() == camera)
        share = np.median(shares[rows])
        if share > MAX_SHAPE_SHARE:
            problem = (
                f'has another shape than {projection}: they differ by '
                f'{share:.0%} of the size of the person in the median of '
                f'{len(rows)} frames: {fix}'
            )
            return [(place_of(frames, rows[0]), fields['pixels'], problem)]
    return []


def place_of(frames: CameraSpaceAnnotations, row: int) -> str:
    """What a frame is called in a message: its id and image."""
    name = frames.names[row]
    name = name.decode() if isinstance(name, bytes) else name
    return f'{row if frames.ids is None else frames.ids[row]} ({name})'


def problems_error(file: str, problems: Sequence[tuple]) -> ValueError:
    """One error about several (id, field, problem).

    Example:
        >>> print(problems_error('a.npz', [(3, 'x', 'is NaN')]))
        a.npz: id 3: field `x` is NaN. Correct or remove it.
    """
    parts = [f'id {id_}: field `{field}` {p}' for id_, field, p in problems]
    fix = 'it' if len(parts) == 1 else 'them'
    return ValueError(f'{file}: {"; ".join(parts)}. Correct or remove {fix}.')
