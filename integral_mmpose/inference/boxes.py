"""Person boxes of a frame, given by the user or found by a detector.

Convention: boxes are (N, 5) left, top, right, bottom, score in image px,
tight around the people: the model pads them.
"""

import warnings
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Union

import cv2
import numpy as np

from integral_mmpose.files import read_json
from integral_mmpose.geometry import is_number
from integral_mmpose.person_category import PERSON, person_category

from .cameras import finite_float64
from .frames import Frame

WHOLE_IMAGE = 'whole_image'
#: Default score threshold of a detector's boxes.
DETECTED_THR = 0.3
FORMS = (
    'boxes: {"name.jpg": [[left, top, right, bottom]]} in px, a COCO '
    'detection list or a COCO annotation file'
)

#: Forms of given boxes, see :class:`GivenBoxes`.
BoxesLike = Union[str, Path, Mapping[str, np.ndarray], np.ndarray]


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
    content = read_json(path, f'is not a JSON file with {FORMS}')
    if isinstance(content, list):
        return _of_coco(content, path)
    if not isinstance(content, dict):
        raise ValueError(f'{path}: must hold {FORMS}')
    if isinstance(content.get('annotations'), list):
        boxes = _of_coco(
            content['annotations'], path, _person_of(content, path)
        )
        return _by_file_name(boxes, content.get('images'), path)
    return _check_all(content, f'{path}: the boxes of')


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
    others = set()
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
        if category == person:
            found.append([left, top, left + width, top + height, score])
        else:
            others.add(repr(category))
    if others and not any(rows.values()):
        warnings.warn(
            f'{path}: no box is of a person (category_id {person}), they are '
            f'of {", ".join(sorted(others))}',
            stacklevel=2,
        )
    return _check_all(rows, f'{path}: the boxes of image_id')


def _by_file_name(
    boxes: Dict[str, np.ndarray], images, path: str
) -> Dict[str, np.ndarray]:
    """Key the boxes of a COCO annotation file by file name."""
    none = np.zeros((0, 5), np.float32)
    try:
        return {
            image['file_name']: boxes.get(str(image['id']), none)
            for image in images
        }
    except (TypeError, KeyError) as error:
        raise ValueError(
            f'{path}: the images of a COCO annotation file must have id and '
            'file_name'
        ) from error


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


def _check_all(table: Mapping, what: str) -> Dict[str, np.ndarray]:
    return {str(i): check_boxes(b, f'{what} {i}') for i, b in table.items()}


class GivenBoxes:
    """Boxes given by the user.

    Args:
        boxes (BoxesLike, optional): A dict, or a JSON file, of image name
            (with or without folder; ``walk_000000`` for a frame of a video)
            to boxes; an array (N, 4 or 5) for every image; or None or
            ``'whole_image'`` for the whole image.
        bbox_thr (float): Lowest score; a missing score is 1. Defaults to 0.

    Raises:
        ValueError: If a box is invalid or the threshold is not in [0, 1].
    """

    def __init__(
        self, boxes: Optional[BoxesLike], bbox_thr: float = 0.0
    ) -> None:
        check_fractions(bbox_thr=bbox_thr)
        self.source, self.bbox_thr = 'boxes', bbox_thr
        if isinstance(boxes, (str, Path)) and boxes != WHOLE_IMAGE:
            self.source = str(boxes)
            boxes = load_boxes(str(boxes))
        elif isinstance(boxes, Mapping):
            boxes = _check_all(boxes, 'the boxes of')
        elif boxes is not None and not isinstance(boxes, str):
            boxes = check_boxes(boxes, 'boxes')
        self._boxes: Any = None if isinstance(boxes, str) else boxes

    def boxes_of(self, frame: Frame) -> np.ndarray:
        """Return the boxes (N, 5) of a frame.

        Raises:
            ValueError: If the frame has no entry or a box lies outside it.
        """
        height, width = frame.image.shape[:2]
        if self._boxes is None:
            return np.array([[0, 0, width, height, 1]], np.float32)
        if isinstance(self._boxes, np.ndarray):
            boxes = self._boxes
        else:
            boxes = by_name(self._boxes, frame.name, self.source)
        boxes = boxes[boxes[:, 4] >= self.bbox_thr]
        outside = (boxes[:, 2:4] <= 0) | (boxes[:, :2] >= [width, height])
        if outside.any():  # its pose would be made up
            corners = boxes[outside.any(1)][0, :4].tolist()
            raise ValueError(
                f'the box {corners} (left, top, right, bottom) lies outside '
                f'the image of {width} x {height} px'
            )
        return boxes


def by_name(table: Mapping, name: str, what: str):
    """Look an image up by its name, with or without its folder.

    A numeric name is also looked up as a number. ``what`` names the table in
    the error.

    Raises:
        ValueError: If there is no entry.
    """
    stem = Path(name).stem
    number = str(int(stem)) if stem.isdecimal() else name
    for key in (name, Path(name).name, number):
        if key in table:
            return table[key]
    raise ValueError(f'{what}: no entry for {Path(name).name}')


class DetectedBoxes:
    """Boxes found by a detector.

    Args:
        detector (object): Has ``detect(images)``, which returns boxes (N, 5)
            for each image, such as :class:`YoloxDetector`.
        bbox_thr (float): Lowest score. Defaults to 0.3.
        nms_thr (float): Largest IoU of two boxes. Defaults to 0.65, as in
            RTMDet and YOLOX.

    Raises:
        ValueError: If a threshold is not in [0, 1].
    """

    def __init__(
        self, detector, bbox_thr: float = DETECTED_THR, nms_thr: float = 0.65
    ) -> None:
        check_fractions(bbox_thr=bbox_thr, nms_thr=nms_thr)
        self.detector = detector
        self.bbox_thr, self.nms_thr = bbox_thr, nms_thr

    def boxes_of(self, frame: Frame) -> np.ndarray:
        """Return boxes (N, 5), clipped to the image, the best first."""
        [boxes] = self.detector.detect([frame.image])
        height, width = frame.image.shape[:2]
        boxes[:, :4] = boxes[:, :4].clip(0, [width, height] * 2)
        good = (boxes[:, 2:4] > boxes[:, :2]).all(1)
        boxes = boxes[good & (boxes[:, 4] >= self.bbox_thr)]
        return boxes[nms(boxes, self.nms_thr)]


def check_fractions(**values: float) -> None:
    """Raise ValueError if a value is not in [0, 1]."""
    for name, value in values.items():
        if not is_number(value) or not 0 <= value <= 1:
            raise ValueError(f'{name} must be from 0 to 1, got {value}')


def nms(boxes: np.ndarray, iou_thr: float) -> np.ndarray:
    """Return the indices of the boxes (N, 5) to keep, the best first.

    Example:
        >>> boxes = np.array([[0, 0, 9, 9, .5], [0, 0, 9, 8, .9]])
        >>> nms(boxes, 0.65).tolist()
        [1]
    """
    if not len(boxes):
        return np.zeros(0, int)
    corners = boxes[:, :4].astype(np.float64)
    corners[:, 2:] -= corners[:, :2]  # left, top, width, height
    scores = boxes[:, 4].tolist()
    kept = cv2.dnn.NMSBoxes(corners.tolist(), scores, 0.0, iou_thr)
    return np.array(kept, int).ravel()
