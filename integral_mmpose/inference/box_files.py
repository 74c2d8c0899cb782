"""Read person boxes from a file, and check them."""

import warnings
from typing import Dict, List, Mapping, Tuple

import numpy as np

from integral_mmpose.files import read_json
from integral_mmpose.geometry import is_number, is_positive
from integral_mmpose.person_category import PERSON, person_category

from .cameras import finite_float64

FORMS = (
    'boxes: {"name.jpg": [[left, top, right, bottom]]} in px, a COCO '
    'detection list or a COCO annotation file'
)


def load_boxes(path: str) -> Dict[str, np.ndarray]:
    """Read boxes by image from a JSON file.

    Args:
        path (str): ``{"name.jpg": [[left, top, right, bottom], …], …}``, or
            a COCO detection list: ``image_id``, ``bbox`` [left, top, width,
            height] and ``score``, where the name of an image is its id
            (``000000000139.jpg``), or a COCO annotation file, where an image
            has a ``file_name``.

    Returns:
        dict[str, np.ndarray]: (N, 5) per image; a missing score is 1.

    Raises:
        ValueError: If the file has another layout.
    """
    return read_boxes(path)[0]


def read_boxes(path: str) -> Tuple[Dict[str, np.ndarray], Dict[str, tuple]]:
    """:func:`load_boxes`, and the (width, height) of images, where given."""
    content = read_json(path, f'is not a JSON file with {FORMS}')
    if isinstance(content, list):
        return _of_coco(content, path), {}
    if not isinstance(content, dict):
        raise ValueError(f'{path}: must hold {FORMS}')
    if isinstance(content.get('annotations'), list):
        boxes = _of_coco(
            content['annotations'], path, _person_of(content, path)
        )
        return _by_file_name(boxes, content.get('images'), path)
    return check_all(content, f'{path}: the boxes of'), {}


def _person_of(content: dict, path: str) -> int:
    """As of a data set, but categories may be missing or incomplete."""
    listed = content.get('categories')
    categories = [
        category
        for category in (listed if isinstance(listed, list) else [])
        if isinstance(category, dict) and is_number(category.get('id'))
    ]
    known = {category['id'] for category in categories}
    used = [
        dict(category_id=entry.get('category_id', PERSON))
        for entry in content['annotations']
        if isinstance(entry, dict)
        and is_number(entry.get('category_id', PERSON))
    ]
    used = [u for u in used if not known or u['category_id'] in known]
    people = dict(categories=categories, annotations=used)
    return person_category(people, path, joints=False)


def _of_coco(
    content: list, path: str, person: int = PERSON
) -> Dict[str, np.ndarray]:
    """Group COCO detections of people by their image id."""
    rows: Dict[str, List[list]] = {}
    others, crowds = set(), 0
    for number, entry in enumerate(content):
        try:
            left, top, width, height = finite_float64(entry['bbox'])
            if width <= 0 or height <= 0:
                raise ValueError('bbox has no size')
            score = finite_float64(entry.get('score', 1)).item()
            image_id = entry['image_id']
            if isinstance(image_id, bool) or int(image_id) != image_id:
                raise ValueError('image_id must be a whole number')
        except (
            *(TypeError, ValueError, KeyError, AttributeError),
            OverflowError,
        ) as error:
            raise ValueError(
                f'{path}: detection {number} must have image_id, bbox (left, '
                f'top, width > 0, height > 0) and may have score, got '
                f'{entry!r:.200}'
            ) from error
        found = rows.setdefault(str(int(image_id)), [])
        category = entry.get('category_id', person)
        if category == person and entry.get('iscrowd'):
            crowds += 1
        elif category == person:
            found.append([left, top, left + width, top + height, score])
        else:
            others.add(repr(category))
    if crowds:
        warnings.warn(
            f'{path}: {crowds} boxes of crowds (iscrowd) are left out',
            stacklevel=2,
        )
    if others and not any(rows.values()):
        warnings.warn(
            f'{path}: no box is of a person (category_id {person}), they are '
            f'of {", ".join(sorted(others))}',
            stacklevel=2,
        )
    return check_all(rows, f'{path}: the boxes of image_id')


def _by_file_name(
    boxes: Dict[str, np.ndarray], images, path: str
) -> Tuple[Dict[str, np.ndarray], Dict[str, tuple]]:
    """Key the boxes of a COCO annotation file by file name, and the sizes."""
    none = np.zeros((0, 5), np.float32)
    found, sizes, ids = {}, {}, set()
    for image in images if isinstance(images, list) else [None]:
        known = image if isinstance(image, dict) else {}
        name, id_ = known.get('file_name'), known.get('id', '')
        if not isinstance(name, str) or not is_number(id_) or id_ != int(id_):
            raise ValueError(
                f'{path}: the images of a COCO annotation file must have a '
                f'whole id and a file_name, got {image!r:.200}'
            )
        if name in found or id_ in ids:
            raise ValueError(
                f'{path}: two images have the file_name {name} or the id '
                f'{id_}: give every image a name and an id of its own'
            )
        ids.add(id_)
        found[name] = boxes.get(str(int(id_)), none)
        size = known.get('width'), known.get('height')
        if all(is_positive(side) for side in size):
            sizes[name] = size
    listed = {str(int(id_)) for id_ in ids}
    unlisted = [
        i for i, rows in boxes.items() if len(rows) and i not in listed
    ]
    if unlisted:
        warnings.warn(
            f'{path}: boxes of images that `images` does not list are left '
            f'out: image_id {", ".join(sorted(unlisted, key=int)[:5])}',
            stacklevel=2,
        )
    return found, sizes


def check_boxes(rows, what: str) -> np.ndarray:
    """Check boxes, and add the score 1 where it is missing.

    Args:
        rows: (N, 4) left, top, right, bottom, or (N, 5) with a score.
        what (str): Name for the error message.

    Returns:
        np.ndarray: (N, 5) float32.

    Raises:
        ValueError: If a number is not finite or a box has no size.
    """
    try:
        boxes = finite_float64(rows).astype(np.float32)
        boxes = boxes.reshape(-1, 4) if boxes.size == 0 else boxes
        good = boxes.ndim == 2 and boxes.shape[1] in (4, 5)
    except (ValueError, TypeError):
        good = False
    if not good or not (boxes[:, 2:4] > boxes[:, :2]).all():
        raise ValueError(
            f'{what} must be lists of left, top, right, bottom and perhaps a '
            'score with left < right and top < bottom (width and height are '
            f'of COCO files only), got {rows!r:.200}'
        )
    if boxes.shape[1] == 5:
        return boxes
    return np.concatenate([boxes, np.ones((len(boxes), 1), np.float32)], 1)


def check_all(table: Mapping, what: str) -> Dict[str, np.ndarray]:
    """Apply :func:`check_boxes` to the boxes of every image."""
    return {str(i): check_boxes(b, f'{what} {i}') for i, b in table.items()}
