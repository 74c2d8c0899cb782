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

from integral_mmpose.datasets.body.head_boxes import HEAD_FACTOR
from integral_mmpose.datasets.joints import MPII_NAMES
from integral_mmpose.datasets.mat_files import read_mat

WHAT = "MPII's annotation mpii_human_pose_v1_u12_1.mat"
FIX = f'Give {WHAT} as it is published.'
#: The mark of a joint nobody labelled, as in the widely used json.
UNLABELLED = -1.0


class Person(NamedTuple):
    """One ``annorect``; what the file does not say is None.

    ``center``: (x, y) px. ``scale``: height over 200 px. ``head_box``: (2, 2)
    px, two corners. ``joints``: (16, 2) px, -1 where not labelled.
    ``visible``: (16,) 1 seen, 0 occluded, -1 not stated. ``single``: counted
    by the single person benchmark. ``ambiguous``: a joint has two places.
    """

    center: Optional[Tuple[float, float]]
    scale: Optional[float]
    head_box: Optional[np.ndarray]
    joints: Optional[np.ndarray]
    visible: np.ndarray
    single: bool
    ambiguous: bool = False

    @property
    def labelled(self) -> np.ndarray:
        """(16,) whether a joint is labelled."""
        if self.joints is None:
            return np.zeros(len(MPII_NAMES), bool)
        return (self.joints != UNLABELLED).any(-1)

    @property
    def head_size(self) -> Optional[float]:
        """The head size of PCKh in px."""
        if self.head_box is None:
            return None
        return HEAD_FACTOR * np.linalg.norm(
            self.head_box[1] - self.head_box[0]
        )


class Image(NamedTuple):
    """One entry of ``annolist``."""

    name: str
    train: bool
    people: List[Person]


class _FieldError(Exception):
    """A field that is not as the release has it."""


def read_release(path: str) -> List[Image]:
    """Read the whole annotation, in the order of ``annolist``."""
    content = read_mat(path, WHAT, ['RELEASE'])
    try:
        return _images(content['RELEASE'])
    except _FieldError as error:
        raise ValueError(f'{path}: {error}. {FIX}') from None


class _Struct(NamedTuple):
    """A MATLAB struct and where it stands, for messages."""

    value: mat_struct
    where: str

    def get(self, field: str):
        """A field; None if it is absent."""
        return getattr(self.value, field, None)

    def structs(self, field: str) -> List['_Struct']:
        """The structs of a field; absent or empty: none."""
        return _structs(self.get(field), f'{self.where}.{field}')

    def number(self, field: str) -> Optional[float]:
        """A number, see :func:`_number`."""
        return _number(self.get(field), f'{self.where}.{field}')

    def point(self) -> Optional[Tuple[float, float]]:
        """x and y, None if one is absent."""
        x, y = self.number('x'), self.number('y')
        return None if x is None or y is None else (x, y)


def _structs(value, where: str) -> List[_Struct]:
    items = [] if value is None else list(np.asarray(value).ravel())
    for item in items:
        if not isinstance(item, mat_struct):
            raise _FieldError(
                f'field `{where}` must be a struct, got {str(value)[:60]}'
            )
    return [_Struct(item, f'{where}({n})') for n, item in enumerate(items, 1)]


def _images(value) -> List[Image]:
    releases = _structs(value, 'RELEASE')
    if len(releases) != 1:
        raise _FieldError(f'field `RELEASE` must be one struct, got {value!r}')
    release = _Struct(releases[0].value, 'RELEASE')
    for field in ('annolist', 'img_train', 'single_person'):
        if release.get(field) is None:
            raise _FieldError(
                f'field `RELEASE.{field}` is missing; the struct has '
                f'{sorted(release.value._fieldnames)}'
            )
    annolist = release.structs('annolist')
    if not annolist:
        raise _FieldError('field `RELEASE.annolist` holds no image')
    columns = {}
    for field in ('img_train', 'single_person'):
        columns[field] = np.asarray(release.get(field)).ravel()
        if len(columns[field]) != len(annolist):
            raise _FieldError(
                f'field `RELEASE.{field}` must have one entry for each of '
                f'the {len(annolist)} images, got {len(columns[field])}'
            )
    rows = zip(annolist, *columns.values())
    return [_image(*row, number) for number, row in enumerate(rows, 1)]


def _image(entry: _Struct, train, single, number: int) -> Image:
    image = entry.structs('image')
    if len(image) != 1:
        raise _FieldError(f'field `{entry.where}.image` must be one struct')
    names = np.asarray(image[0].get('name')).ravel()
    if names.size != 1 or not isinstance(names[0], str) or not names[0]:
        raise _FieldError(
            f'field `{entry.where}.image.name` must be a file name, got '
            f'{names}'
        )
    singles = {
        _number(n, f'RELEASE.single_person{{{number}}}')
        for n in np.asarray(single).ravel()
    }
    where = f'RELEASE.img_train({number})'
    is_train = _number(train, where)
    if is_train not in (0, 1):
        raise _FieldError(f'field `{where}` must be 0 or 1, got {train}')
    rects = enumerate(entry.structs('annorect'), 1)
    people = [_person(rect, n in singles) for n, rect in rects]
    return Image(str(names[0]), bool(is_train), people)


def _person(rect: _Struct, single: bool) -> Person:
    center = None
    for place in rect.structs('objpos'):
        center = place.point()
    scale = rect.number('scale')
    if scale is not None and scale <= 0:
        scale = None
    corners = [rect.number(field) for field in ('x1', 'y1', 'x2', 'y2')]
    head_box = None
    if None not in corners and corners[:2] != corners[2:]:
        head_box = np.reshape(corners, (2, 2))
    joints, visible, ambiguous = _joints(rect)
    return Person(center, scale, head_box, joints, visible, single, ambiguous)


def _joints(rect: _Struct):
    """Joints (16, 2) or None, and what is said of their visibility (16,).

    Also, whether a joint has two places.
    """
    count, ambiguous = len(MPII_NAMES), False
    joints = np.full((count, 2), UNLABELLED)
    visible = np.full(count, -1)
    points = [
        point
        for annopoints in rect.structs('annopoints')
        for point in annopoints.structs('point')
    ]
    for point in points:
        id_ = point.number('id')
        if id_ not in range(count):
            raise _FieldError(
                f'field `{point.where}.id` must be a joint 0..{count - 1}, '
                f'got {id_}'
            )
        place = point.point()
        if place is not None:
            known = joints[int(id_)].tolist()
            ambiguous |= known not in ([UNLABELLED] * 2, list(place))
            joints[int(id_)] = place
            seen = point.number('is_visible')
            visible[int(id_)] = -1 if seen is None else seen > 0
    if (joints == UNLABELLED).all():
        return None, visible, ambiguous
    return joints, visible, ambiguous


def _number(value, where: str) -> Optional[float]:
    """A number, also as a character; absent, empty or NaN: None."""
    items = [] if value is None else np.asarray(value).ravel()
    if len(items) == 0 or (len(items) == 1 and str(items[0]).strip() == ''):
        return None
    try:
        (item,) = items
        if np.iscomplexobj(item):  # float() would drop a part of it
            raise TypeError
        number = float(item)
    except (TypeError, ValueError):
        raise _FieldError(
            f'field `{where}` must be a number, got {str(value)[:60]}'
        ) from None
    return number if np.isfinite(number) else None
