"""MPII's own annotation, ``mpii_human_pose_v1_u12_1.mat``, as plain Python.

The file is one struct ``RELEASE``: ``annolist(i).image.name``,
``annolist(i).annorect(r)`` (a person: head box ``x1, y1, x2, y2``, ``scale``,
``objpos.x/.y`` and ``annopoints.point(p).x/.y/.id/.is_visible``),
``img_train(i)`` and ``single_person{i}``, the persons of image i that the
single person benchmark counts. A field that does not apply is left out of the
struct or is an empty array, and ``is_visible`` is a number, a character or
empty: all of them are read.

Convention: pixels are 1-based as in the file; places in it (``i``, ``r``)
are 0-based in Python and 1-based in every file and message.
"""

from typing import List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.io.matlab import mat_struct

from ..joints import MPII_NAMES
from ..mat_files import read_mat

WHAT = "MPII's annotation mpii_human_pose_v1_u12_1.mat"
FIX = f'Give {WHAT} as it is published.'
#: The mark of a joint nobody labelled, as in the widely used json.
UNLABELLED = -1.0


class Person(NamedTuple):
    """One ``annorect``; what the file does not say is None.

    ``center``: (x, y) px. ``scale``: height over 200 px. ``head_box``: (2, 2)
    px, two corners. ``joints``: (16, 2) px, -1 where not labelled.
    ``visible``: (16,) 1 seen, 0 occluded, -1 not stated. ``single``: counted
    by the single person benchmark.
    """

    center: Optional[Tuple[float, float]]
    scale: Optional[float]
    head_box: Optional[np.ndarray]
    joints: Optional[np.ndarray]
    visible: np.ndarray
    single: bool

    @property
    def labelled(self) -> np.ndarray:
        """(16,) whether a joint is labelled."""
        if self.joints is None:
            return np.zeros(len(MPII_NAMES), bool)
        return (self.joints != UNLABELLED).any(-1)


class Image(NamedTuple):
    """One entry of ``annolist``."""

    name: str
    train: bool
    people: List[Person]


class _FieldError(Exception):
    """A field that is not as the release has it."""


def read_release(path: str) -> List[Image]:
    """Read the whole annotation.

    Args:
        path (str): The .mat file.

    Returns:
        list[Image]: In the order of ``annolist``.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: Naming file, field and fix if it is another file.
    """
    content = read_mat(path, WHAT, ['RELEASE'])
    try:
        return _images(content['RELEASE'])
    except _FieldError as error:
        raise ValueError(f'{path}: {error}. {FIX}') from None


def _images(value) -> List[Image]:
    releases = _structs(value, 'RELEASE')
    if len(releases) != 1:
        raise _FieldError(f'field `RELEASE` must be one struct, got {value!r}')
    release = releases[0]
    for field in ('annolist', 'img_train', 'single_person'):
        if not hasattr(release, field):
            raise _FieldError(
                f'field `RELEASE.{field}` is missing; the struct has '
                f'{sorted(release._fieldnames)}'
            )
    annolist = _structs(release.annolist, 'RELEASE.annolist')
    if not annolist:
        raise _FieldError('field `RELEASE.annolist` holds no image')
    train = np.asarray(release.img_train).ravel()
    single = np.asarray(release.single_person).ravel()
    for field, values in (('img_train', train), ('single_person', single)):
        if len(values) != len(annolist):
            raise _FieldError(
                f'field `RELEASE.{field}` must have one entry for each of '
                f'the {len(annolist)} images, got {len(values)}'
            )
    return [
        _image(annolist[i], train[i], single[i], i)
        for i in range(len(annolist))
    ]


def _image(entry: mat_struct, train, single, number: int) -> Image:
    where = f'RELEASE.annolist({number + 1})'
    image = _structs(getattr(entry, 'image', None), f'{where}.image')
    if len(image) != 1:
        raise _FieldError(f'field `{where}.image` must be one struct')
    names = np.asarray(getattr(image[0], 'name', '')).ravel()
    if names.size != 1 or not isinstance(names[0], str) or not names[0]:
        raise _FieldError(
            f'field `{where}.image.name` must be a file name, got {names}'
        )
    people = _structs(getattr(entry, 'annorect', None), f'{where}.annorect')
    singles = {
        _number(n, f'RELEASE.single_person{{{number + 1}}}')
        for n in np.asarray(single).ravel()
    }
    return Image(
        str(names[0]),
        bool(_number(train, f'RELEASE.img_train({number + 1})')),
        [
            _person(person, r + 1 in singles, f'{where}.annorect({r + 1})')
            for r, person in enumerate(people)
        ],
    )


def _person(rect: mat_struct, single: bool, where: str) -> Person:
    def number(field):
        return _number(getattr(rect, field, None), f'{where}.{field}')

    center = None
    for place in _structs(getattr(rect, 'objpos', None), f'{where}.objpos'):
        center = _point(place, f'{where}.objpos')
    scale = number('scale')
    corners = [number(field) for field in ('x1', 'y1', 'x2', 'y2')]
    head_box = None
    if None not in corners and corners[:2] != corners[2:]:
        head_box = np.reshape(corners, (2, 2))
    joints, visible = _joints(rect, where)
    return Person(
        center,
        scale if scale is not None and scale > 0 else None,
        head_box,
        joints,
        visible,
        single,
    )


def _joints(rect: mat_struct, where: str):
    """Joints (16, 2) or None, and what is said of their visibility (16,)."""
    count = len(MPII_NAMES)
    joints = np.full((count, 2), UNLABELLED)
    visible = np.full(count, -1)
    where = f'{where}.annopoints'
    for points in _structs(getattr(rect, 'annopoints', None), where):
        found = _structs(getattr(points, 'point', None), f'{where}.point')
        for n, point in enumerate(found):
            here = f'{where}.point({n + 1})'
            id_ = _number(getattr(point, 'id', None), f'{here}.id')
            if id_ not in range(count):
                raise _FieldError(
                    f'field `{here}.id` must be a joint 0..{count - 1}, got '
                    f'{id_}'
                )
            place = _point(point, here)
            if place is not None:
                joints[int(id_)] = place
                seen = _number(
                    getattr(point, 'is_visible', None), f'{here}.is_visible'
                )
                visible[int(id_)] = -1 if seen is None else seen > 0
    if (joints == UNLABELLED).all():
        return None, visible
    return joints, visible


def _point(struct: mat_struct, where: str) -> Optional[Tuple[float, float]]:
    x, y = (
        _number(getattr(struct, axis, None), f'{where}.{axis}')
        for axis in ('x', 'y')
    )
    return None if x is None or y is None else (x, y)


def _structs(value, where: str) -> List[mat_struct]:
    """The structs of an array of them; absent or empty: none."""
    items = [] if value is None else list(np.asarray(value).ravel())
    for item in items:
        if not isinstance(item, mat_struct):
            raise _FieldError(
                f'field `{where}` must be a struct, got {str(value)[:60]}'
            )
    return items


def _number(value, where: str) -> Optional[float]:
    """A number, also as a character; absent, empty or NaN: None."""
    items = [] if value is None else np.asarray(value).ravel()
    if len(items) == 0 or (len(items) == 1 and str(items[0]).strip() == ''):
        return None
    try:
        (item,) = items
        number = float(item)
    except (TypeError, ValueError):
        raise _FieldError(
            f'field `{where}` must be a number, got {str(value)[:60]}'
        ) from None
    return number if np.isfinite(number) else None
