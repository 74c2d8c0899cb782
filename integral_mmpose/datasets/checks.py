"""Errors that name the file, the annotation, the field and the fix.

Every data set of this package reads its files through these helpers, so that
bad input has one outcome: an exception that says where to look. Nothing here
unpickles.
"""

import os.path as osp
import re
from functools import partial
from typing import Dict, Sequence

import numpy as np

from integral_mmpose.files import read_json

#: JPEG's longest side: larger pixel coordinates are errors.
MAX_PX = 65535.0
#: More malformed annotations than this share stop the run.
MAX_LEFT_OUT = 0.01
_SHOWN = 5
_SURROGATE = re.compile('[\ud800-\udfff]')
#: Ids are 64-bit numbers in numpy and torch.
MAX_ID = 2**63
#: Kinds of fields in JSON, and what messages call them.
ANY, WHOLE, NUMBER, TEXT, LIST = object, int, (int, float), str, list
KINDS = {
    WHOLE: 'a whole number',
    NUMBER: 'a number',
    TEXT: 'non-empty Unicode text',
    LIST: 'a list',
}
FIX = 'Correct or remove it.'
GET_DATA = (
    'Set `data_root` (H36M_ROOT, MPII_ROOT or COCO_ROOT in the shipped '
    'configs), or write the data with a converter of '
    'tools/dataset_converters/ (make_synthetic.py needs no download).'
)


def annotation_error(
    file: str, where, field: str, problem: str, fix: str = FIX
) -> ValueError:
    """The one form of an error about one annotation.

    ``where`` is its id, ``'all'``, or what else tells its place.

    Example:
        >>> print(annotation_error('a.json', 3, 'joints', 'is missing'))
        a.json: id 3: field `joints` is missing. Correct or remove it.
    """
    return ValueError(f'{file}: id {where}: field `{field}` {problem}. {fix}')


def listed(ids, noun: str) -> str:
    """Such as: 7 images (ids 1, 2, 3, 4, 5, ...)."""
    names = ', '.join(map(str, sorted(ids, key=str)[:_SHOWN]))
    more = ', ...' if len(ids) > _SHOWN else ''
    plural = '' if len(ids) == 1 else 's'
    return f'{len(ids)} {noun}{plural} (ids {names}{more})'


def refuse_many(ids: Sequence, total: int, file: str, problem: str) -> None:
    """Stop where more than 1 % of the annotations would be left out."""
    if len(ids) > MAX_LEFT_OUT * total:
        raise ValueError(
            f'{file}: {listed(ids, "annotation")} of {total} {problem}: more '
            f'than {MAX_LEFT_OUT:.0%}. Correct or remove them.'
        )


def require_file(path: str, what: str, fix: str = GET_DATA) -> None:
    """Check that there is a file."""
    if osp.isfile(path):
        return
    folder = osp.dirname(path)
    if folder and not osp.isdir(folder):
        raise FileNotFoundError(
            f'{what}: the folder {folder} of {osp.basename(path)} does not '
            f'exist. {fix}'
        )
    raise FileNotFoundError(f'{what}: {path} does not exist. {fix}')


def require_root(data_root: str, what: str) -> None:
    """Check that the data root is a folder."""
    if data_root and not osp.isdir(data_root):
        raise FileNotFoundError(
            f'{what}: the data root {data_root} does not exist. {GET_DATA}'
        )


def load_json(path: str, what: str, kind: type, fix: str = GET_DATA):
    """Read a JSON file whose top level must be a ``list`` or a ``dict``."""
    require_file(path, what, fix)
    data = read_json(path, f'{what} is not readable as JSON')
    if not isinstance(data, kind):
        raise ValueError(
            f'{path}: {what} must be a JSON {kind.__name__}, got '
            f'{type(data).__name__}. Point to the right file.'
        )
    return data


def load_npz(
    path: str,
    what: str,
    fields: Sequence[str],
    optional: Sequence[str] = (),
) -> Dict[str, np.ndarray]:
    """Read fields of an npz file without unpickling anything.

    The ``optional`` fields are read where they are there.
    """
    require_file(path, what)
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [field for field in fields if field not in file.files]
            if missing:
                raise annotation_error(
                    path,
                    'all',
                    missing[0],
                    f'is missing; the file has {sorted(file.files)}',
                    f'{what} needs the fields {list(fields)}.',
                )
            present = [field for field in optional if field in file.files]
            return {
                field: _read(file, path, field)
                for field in (*fields, *present)
            }
    except Exception as error:  # zipfile and numpy raise many kinds
        if str(error).startswith(path):
            raise
        raise ValueError(
            f'{path}: {what} is not a readable npz file ({error!s:.200}). '
            'Write it again, or point to the right file.'
        ) from error


def check_fields(
    entry, fields: Dict[str, type], file: str, where, fix: str = FIX
) -> None:
    """Refuse an entry that lacks a field, or has one of another kind.

    Example:
        >>> check_fields(dict(id=3, name='a'), dict(id=WHOLE), 'a.json', 3)
    """
    for field, kind in fields.items():
        if not isinstance(entry, dict) or field not in entry:
            raise annotation_error(file, where, field, 'is missing', fix)
        value = entry[field]
        if kind is ANY:
            continue
        wrong = not isinstance(value, kind) or isinstance(value, bool)
        wrong = wrong or (kind is WHOLE and abs(value) >= MAX_ID)
        if wrong or (kind is TEXT and not is_file_name(value)):
            problem = f'must be {KINDS[kind]}, got {shown(value)}'
            raise annotation_error(file, where, field, problem, fix)


def check_array(
    array: np.ndarray,
    shape: tuple,
    file: str,
    where,
    field: str,
    fix: str = FIX,
) -> None:
    """Refuse an array that does not hold numbers of a shape; None is any."""
    fits = array.ndim == len(shape) and all(
        want in (None, size) for want, size in zip(shape, array.shape)
    )
    if not fits or array.dtype.kind not in 'iuf':
        sizes = ', '.join('n' if n is None else str(n) for n in shape)
        problem = (
            f'must hold numbers of the shape ({sizes}), got {array.dtype} of '
            f'the shape {array.shape}'
        )
        raise annotation_error(file, where, field, problem, fix)


def float_field(
    value, file: str, where, field: str, shape: tuple, limit: float = MAX_PX
) -> np.ndarray:
    """Turn one annotation's field into float32 of a given shape.

    Raises:
        ValueError: If it holds something other than numbers (a boolean is
            none), has another shape, or a number is not finite or above the
            limit.

    Example:
        >>> float_field([1, 2], 'a.json', 0, 'center', (2, ))
        array([1., 2.], dtype=float32)
    """
    error = partial(annotation_error, file, where, field)
    try:
        array = np.asarray(value)
        if array.dtype.kind not in 'iuf' or _has_boolean(value):
            raise ValueError
    except (ValueError, TypeError, OverflowError, RecursionError):
        problem = f'must hold numbers of the shape {shape}, got {shown(value)}'
        raise error(problem) from None
    if array.shape != shape:
        raise error(
            f'must have the shape {shape}, got {array.shape}',
            'Correct or remove it'
            + ', or describe other joints by the metainfo of the dataset'
            * field.startswith(('joints', 'keypoints'))
            + '.',
        )
    array = array.astype(np.float64)
    if not (np.abs(array) <= limit).all():
        raise error(
            'holds a number that is not finite or beyond '
            f'±{limit:.0f}: {shown(value)}'
        )
    return array.astype(np.float32)


def number_within(
    value, file: str, where, field: str, low: float, high: float
) -> float:
    """One number in [low, high].

    Example:
        >>> number_within(0.5, 'a.json', 0, 'score', 0, 1)
        0.5
    """
    number = float(float_field(value, file, where, field, (), high))
    if number < low:
        problem = f'must be at least {low:g}, got {shown(value)}'
        raise annotation_error(file, where, field, problem)
    return number


def detected_box(value, file: str, where) -> np.ndarray:
    """(4,) left, top, width and height in px, with at least 1 px a side."""
    box = float_field(value, file, where, 'bbox', (4,))
    if min(box[2:]) < 1:
        need = 'must have a width and a height of at least 1 px'
        problem = f'{need}, got {shown(value)}'
        raise annotation_error(file, where, 'bbox', problem)
    return box


def is_file_name(text: str) -> bool:
    """Whether a text is a valid file name: Unicode, no NUL, not empty."""
    return bool(text) and '\0' not in text and not _SURROGATE.search(text)


def shown(value) -> str:
    """The first 60 characters of a value, for a message."""
    try:
        return f'{value!r:.60}'
    except (ValueError, RecursionError):  # 10^5000, or deep nesting
        return f'a {type(value).__name__} that cannot be printed'


def _has_boolean(value) -> bool:
    """numpy makes 1.0 of a True among numbers."""
    if isinstance(value, (list, tuple)):
        return any(map(_has_boolean, value))
    return isinstance(value, bool)


def _read(file, path: str, field: str) -> np.ndarray:
    try:
        array = file[field]
    except ValueError as error:
        raise annotation_error(
            path,
            'all',
            field,
            f'cannot be read without pickle ({error})',
            'Store it as a plain array of numbers or strings.',
        ) from error
    if not isinstance(array, np.ndarray):
        # numpy hands out the bytes of a member without its magic.
        raise annotation_error(path, 'all', field, 'is no numpy array')
    return array
