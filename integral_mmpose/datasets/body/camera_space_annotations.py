"""Annotations in camera space as arrays, and their checks.

All checks are vectorised: Human3.6M has 312,000 training images.
"""

from typing import Dict, NamedTuple, Optional

import numpy as np

from integral_mmpose.geometry import project

from ..checks import MAX_PX, annotation_error, check_array

#: A room is smaller than 100 m; nobody stands within 10 cm of the camera.
MAX_MM, MIN_DEPTH_MM = 1e5, 100.0
#: Nobody's joints span less, however bent: in metres they span 2 mm.
MIN_SPAN_MM = 100.0
#: Mean distance between pixels and projected points that only a wrong camera
#: explains; the lens distortion that the model leaves out stays below.
MAX_REPROJECTION_PX = 50.0
#: The same for the shape of the person, whose middle is put on the projected
#: one, as a share of its size: the median of a camera's frames. A lens leaves
#: it below 0.05; a wrong focal length or another order of frames does not.
MAX_SHAPE_SHARE = 0.2


class CameraSpaceAnnotations(NamedTuple):
    """One person in each of n images, as arrays.

    names (n,) of the images below ``data_prefix['img']``; pixels (n, K, 2)
    px; points_mm (n, K, 3) camera space in mm; intrinsics (n, 4) f_x, f_y,
    c_x, c_y of each image in px; groups name -> (n,), added to each sample
    (``action`` is what ``IntegralMPJPE`` averages by); ids (n,), the row if
    left out.
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
    """Check every field of every frame at once.

    ``fields`` are the names of the fields in the file, for the message.

    Raises:
        ValueError: Naming file, id, field and the fix.
    """
    _check_shapes(frames, joints, file, fields)
    points, focal = frames.points_mm, frames.intrinsics[:, :2]
    finite = np.isfinite(points).all(-1)
    span = np.ptp(np.where(finite[..., None], points, 0), axis=1).max(-1)
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
            'points_mm',
            finite.all(1) & (span < MIN_SPAN_MM),
            f'spans less than {MIN_SPAN_MM:.0f} mm; check its unit',
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
    problems = []
    for field, bad, problem in tests:
        if bad.any():
            row, *joint = np.argwhere(bad)[0]
            place = f'id {place_of(frames, row)}: field `{fields[field]}`'
            place += f' joint {joint[0]}' if joint else ''
            problems.append(f'{place} {problem}')
    if problems:
        what = 'it' if len(problems) == 1 else 'them'
        raise ValueError(
            f'{file}: {"; ".join(problems)}. Correct or remove {what}.'
        )
    _check_cameras(frames, file, fields)


def _check_shapes(frames, joints: int, file: str, fields: dict) -> None:
    names, count = np.asarray(frames.names), len(frames.names)
    if not count or names.dtype.kind != 'U':
        problem = (
            'must hold the names of at least one image as text, got '
            f'{names.dtype} of the shape {names.shape}'
        )
        raise annotation_error(file, 'all', fields['names'], problem)
    empty = np.flatnonzero(np.char.str_len(names) == 0)
    if len(empty):
        raise annotation_error(file, empty[0], fields['names'], 'is empty')
    rows: Dict[str, int] = {}
    for row, name in enumerate(names.tolist()):
        if rows.setdefault(name, row) != row:
            first, second = (place_of(frames, n) for n in (rows[name], row))
            problem = f'is also that of id {first}'
            raise annotation_error(file, second, fields['names'], problem)
    for field, axes in (
        ('pixels', (joints, 2)),
        ('points_mm', (joints, 3)),
        ('intrinsics', (4,)),
    ):
        array, name = np.asarray(getattr(frames, field)), fields.get(field)
        check_array(array, (count, *axes), file, 'all', name or field)
    for key, values in (frames.groups or {}).items():
        values = np.asarray(values)
        if values.shape != (count,) or values.dtype.kind not in 'Uif':
            problem = (
                f'must hold text or numbers of the shape {(count,)}, got '
                f'{values.dtype} of the shape {values.shape}'
            )
            raise annotation_error(file, 'all', f'group {key}', problem)


def _check_cameras(frames, file: str, fields: dict) -> None:
    """Pixels are near the projected points, in place and in shape."""
    fix = 'take joints and cameras from one data set'
    projection = f'the projection of `{fields["points_mm"]}` by its camera'

    def error(row: int, problem: str) -> ValueError:
        place, field = place_of(frames, row), fields['pixels']
        return annotation_error(file, place, field, f'{problem}: {fix}')

    camera = frames.intrinsics[:, None]
    seen = project(frames.points_mm, camera[..., :2], camera[..., 2:])[..., :2]
    apart = np.linalg.norm(seen - frames.pixels, axis=-1).mean(-1)
    row = int(apart.argmax())
    if apart[row] > MAX_REPROJECTION_PX:
        raise error(row, f'is {apart[row]:.0f} px away from {projection}')
    shape = frames.pixels - frames.pixels.mean(1, keepdims=True)
    moved = seen - seen.mean(1, keepdims=True) - shape
    sizes = np.linalg.norm(shape, axis=-1).mean(-1)
    shares = np.linalg.norm(moved, axis=-1).mean(-1) / np.maximum(sizes, 1)
    cameras, number = np.unique(frames.intrinsics, axis=0, return_inverse=True)
    for camera in range(len(cameras)):
        rows = np.flatnonzero(number.ravel() == camera)
        share = np.median(shares[rows])
        if share > MAX_SHAPE_SHARE:
            raise error(
                rows[0],
                f'has another shape than {projection}: they differ by '
                f'{share:.0%} of the size of the person in the median of '
                f'{len(rows)} frames',
            )


def place_of(frames: CameraSpaceAnnotations, row: int) -> str:
    """What a frame is called in a message: its id and image."""
    id_ = row if frames.ids is None else frames.ids[row]
    return f'{id_} ({frames.names[row]})'
