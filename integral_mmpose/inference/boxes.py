"""Person boxes of a frame, given by the user or found by a detector.

Convention: boxes are (N, 5) left, top, right, bottom, score in image px,
tight around the people: the model pads them.
"""

from pathlib import Path
from typing import Any, Mapping, Optional, Union

import cv2
import numpy as np

from integral_mmpose.geometry import is_number

from .box_files import check_all, check_boxes, read_boxes
from .by_image import ByImage
from .frames import Frame

WHOLE_IMAGE = 'whole_image'
#: Default score threshold of a detector's boxes.
DETECTED_THR = 0.3
#: Forms of given boxes, see :class:`GivenBoxes`.
BoxesLike = Union[str, Path, Mapping[str, np.ndarray], np.ndarray]


class GivenBoxes:
    """Boxes given by the user.

    Args:
        boxes (BoxesLike, optional): A dict, or a JSON file, of image name
            (see :class:`ByImage`; ``walk_000000`` for a frame of a video) to
            boxes; an array (N, 4 or 5) for every image; or None or
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
        self._sizes: Mapping[str, tuple] = {}
        if isinstance(boxes, (str, Path)) and boxes != WHOLE_IMAGE:
            self.source = str(boxes)
            boxes, self._sizes = read_boxes(self.source)
        elif isinstance(boxes, Mapping):
            boxes = check_all(boxes, 'the boxes of')
        elif boxes is not None and not isinstance(boxes, str):
            boxes = check_boxes(boxes, 'boxes')
        self._boxes: Any = None if isinstance(boxes, str) else boxes
        if isinstance(boxes, Mapping):
            self._by_image = ByImage(boxes, self.source)

    def boxes_of(self, frame: Frame) -> np.ndarray:
        """Return the boxes (N, 5) of a frame.

        Raises:
            ValueError: If the frame has no entry, or one that was another
                image's; if a box lies outside it, or the file of the boxes
                says that it has another size.
        """
        height, width = frame.image.shape[:2]
        if self._boxes is None:
            return np.array([[0, 0, width, height, 1]], np.float32)
        if isinstance(self._boxes, np.ndarray):
            boxes = self._boxes
        else:
            key = self._by_image.key_of(frame.name)
            boxes, size = self._boxes[key], self._sizes.get(key)
            if size and max(abs(size[0] - width), abs(size[1] - height)) >= 1:
                raise ValueError(
                    f'{self.source}: its boxes are of an image of {size[0]} x '
                    f'{size[1]} px, {Path(frame.name).name} has {width} x '
                    f'{height}'
                )
        boxes = boxes[boxes[:, 4] >= self.bbox_thr]
        outside = (boxes[:, 2:4] <= 0) | (boxes[:, :2] >= [width, height])
        if outside.any():  # its pose would be made up
            corners = boxes[outside.any(1)][0, :4].tolist()
            raise ValueError(
                f'the box {corners} (left, top, right, bottom) lies outside '
                f'the image of {width} x {height} px'
            )
        return boxes


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
