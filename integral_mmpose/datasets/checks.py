"""Errors that name the file, the annotation, the field and the fix.

Every data set of this package reads its files through these helpers, so that
bad input has one outcome: an exception that says where to look. Nothing here
unpickles.
"""

import json
import os.path as osp
import zipfile
from typing import Dict, Sequence

import numpy as np

#: No image has a side of 100,000 px: larger pixel coordinates are errors.
MAX_PX = 1e5
MAX_AREA_PX = MAX_PX**2
GET_DATA = (
    'Set `data_root`, or write the data with a converter of '
    'tools/dataset_converters/ (make_synthetic.py needs no download).'
)


def annotation_error(
    file: str,
    id_,
    field: str,
    problem: str,
    fix: str = 'Correct or remove it.',
) -> ValueError:
    """The one form of an error about one annotation.

    Example:
        >>> print(annotation_error('a.json', 3, 'joints', 'is missing'))
        a.json: id 3: field `joints` is missing. Correct or remove it.
    """
    return ValueError(f'{file}: id {id_}: field `{field}` {problem}. {fix}')


def require_file(path: str, what: str, fix: str = GET_DATA) -> str:
    """Return ``path`` if it is a file.

    Raises:
        FileNotFoundError: Naming the first folder on the way that is missing,
            or the file.
    """
    if osp.isfile(path):
        return path
    folder = osp.dirname(path)
    if folder and not osp.isdir(folder):
        raise FileNotFoundError(
            f'{what}: the folder {folder} of {osp.basename(path)} does not '
            f'exist. {fix}'
        )
    raise FileNotFoundError(f'{what}: {path} does not exist. {fix}')


def require_root(data_root: str, what: str) -> None:
    """Check that the data root is a folder.

    Raises:
        FileNotFoundError: If it is not.
    """
    if data_root and not osp.isdir(data_root):
        raise FileNotFoundError(
            f'{what}: the data root {data_root} does not exist. {GET_DATA}'
        )


def load_json(path: str, what: str, kind: type):
    """Read a JSON file whose top level must be a ``list`` or a ``dict``.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If it is not JSON or its top level is of another kind.
    """
    require_file(path, what)
    try:
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{path}: {what} is not readable as JSON ({error}). Write it '
            'again, or point to the right file.'
        ) from error
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

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If it is no npz file, lacks a field, or a field can only
            be read by unpickling.
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
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        AttributeError,
        TypeError,
    ) as error:
        raise ValueError(
            f'{path}: {what} is not a readable npz file ({error}). Write it '
            'again, or point to the right file.'
        ) from error
    except ValueError as error:
        if str(error).startswith(path):
            raise
        raise ValueError(
            f'{path}: {what} is not a readable npz file ({error}). Write it '
            'again, or point to the right file.'
        ) from error


def numbers(
    value, file: str, id_, field: str, shape: tuple, limit: float = MAX_PX
) -> np.ndarray:
    """Turn one annotation's field into float32 of a given shape.

    Raises:
        ValueError: If it holds something other than numbers, has another
            shape, or a number is not finite or above the limit.

    Example:
        >>> numbers([1, 2], 'a.json', 0, 'center', (2, ))
        array([1., 2.], dtype=float32)
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in 'biuf':
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        raise annotation_error(
            file,
            id_,
            field,
            f'must hold numbers of the shape {shape}, got {str(value)[:60]}',
        ) from None
    if array.shape != shape:
        raise annotation_error(
            file,
            id_,
            field,
            f'must have the shape {shape}, got {array.shape}',
            'Correct or remove it, or describe other joints by the metainfo '
            'of the dataset.',
        )
    array = array.astype(np.float64)
    if not (np.abs(array) <= limit).all():
        raise annotation_error(
            file,
            id_,
            field,
            'holds a number that is not finite or larger '
            f'than {limit:.0f}: {str(value)[:60]}',
        )
    return array.astype(np.float32)


def _read(file, path: str, field: str) -> np.ndarray:
    try:
        return file[field]
    except ValueError as error:
        raise annotation_error(
            path,
            'all',
            field,
            f'cannot be read without pickle ({error})',
            'Store it as a plain array of numbers or strings.',
        ) from error


def marked_unlabelled(joints: np.ndarray) -> np.ndarray:
    """Whether joints (..., 2) are (0, 0) or (-1, -1): nobody labelled them.

    Example:
        >>> marked_unlabelled(np.array([[0, 0], [-1, -1], [-4, -2]])).tolist()
        [True, True, False]
    """
    return (joints == 0).all(-1) | (joints == -1).all(-1)


def refuse_sample_interval(options: dict) -> None:
    """mmpose's data sets take every n-th sample by it; these do not.

    Raises:
        ValueError: If it is given and not 1.
    """
    if options.get('sample_interval', 1) != 1:
        raise ValueError(
            f'sample_interval={options["sample_interval"]} is not of this '
            'data set: take frame_step (H36MImageDataset) or indices'
        )
