"""Detect people with YOLOX: https://github.com/Megvii-BaseDetection/YOLOX.

The file is that of YOLOX's ``tools/export_onnx.py``: one image (1, 3, s, s),
BGR, 0 to 255, padded at its right and lower side with grey 114; out comes
(1, N, 5 + classes) for the cells of the strides 8, 16 and 32: x and y offset
in cells, logarithm of width and height in cells, objectness, class scores.
"""

from pathlib import Path
from typing import List, Optional, Sequence, Union

import numpy as np

from .images import fit_within
from .onnx_session import open_session

STRIDES = (8, 16, 32)
PADDING_GREY = 114
PERSON = 0  # the first class of COCO
#: Largest centre and half side of a box, in sides of the image.
FAR = 2
#: Boxes with a lower score are dropped before NMS.
MIN_SCORE = 0.01


class YoloxDetector:
    """Detect people in images.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no ONNX file, or of another layout.
    """

    def __init__(
        self, path: Union[str, Path], threads: Optional[int] = None
    ) -> None:
        self.path = str(path)
        self.session = open_session(self.path, threads)
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        shape = inputs[0].shape
        good = (
            len(inputs) == len(outputs) == 1
            and len(shape) == 4
            and shape[1] == 3
            and all(isinstance(side, int) for side in shape[2:])
            and not any(side % STRIDES[-1] for side in shape[2:])
        )
        if good:
            self.height, self.width = shape[2:]
            self._cells, self._strides = grid(self.width, self.height)
            found = outputs[0].shape
            good = (
                len(found) == 3
                and found[1] in (len(self._cells), None)
                and isinstance(found[2], int)
                and found[2] > 5
            )
        if not good:
            raise ValueError(
                f'{self.path}: is not YOLOX in its official export: one input '
                '(1, 3, height, width), one output (1, cells, 5 + classes), '
                'undecoded. It has '
                f'{[(n.name, n.shape) for n in [*inputs, *outputs]]}. Write '
                "it with YOLOX's tools/export_onnx.py, without "
                '--decode_in_inference'
            )

    def detect(self, images: Sequence[np.ndarray]) -> List[np.ndarray]:
        """Detect people.

        Args:
            images (Sequence[np.ndarray]): (H, W, 3) BGR; sizes may differ.

        Returns:
            list[np.ndarray]: (N, 5) left, top, right, bottom in image px and
            score for each image, before NMS.
        """
        return [self._detect(image) for image in images]

    def _detect(self, image: np.ndarray) -> np.ndarray:
        scale = min(self.width / image.shape[1], self.height / image.shape[0])
        padded = fit_within(image, self.width, self.height, PADDING_GREY)
        batch = padded.transpose(2, 0, 1)[None].astype(np.float32)
        name = self.session.get_inputs()[0].name
        [[found]] = self.session.run(None, {name: batch})
        scores = found[:, 4] * found[:, 5 + PERSON]
        if not ((scores >= 0) & (scores <= 1)).all():
            raise ValueError(
                f'{self.path}: scores are not in [0, 1]: the file is not '
                'YOLOX in its official export'
            )
        keep = scores >= MIN_SCORE
        cells, strides = self._cells[keep], self._strides[keep, None]
        center = (found[keep, :2] + cells) * strides / scale
        with np.errstate(over='ignore'):  # told below
            half = np.exp(found[keep, 2:4]) * strides / scale / 2
        side = max(image.shape[:2])
        far = (np.abs(center - side / 2) > FAR * side) | (half > FAR * side)
        if far.any():
            raise ValueError(
                f'{self.path}: boxes lie far outside the image: the file is '
                'not YOLOX in its official export, or it was written with '
                '--decode_in_inference. Export it without that option'
            )
        return np.concatenate(
            [center - half, center + half, scores[keep, None]], 1
        ).astype(np.float32)


def grid(width: int, height: int) -> tuple:
    """Return the cells of all strides, row by row.

    Returns:
        tuple[np.ndarray, np.ndarray]: (N, 2) x, y in cells; (N,) strides.

    Example:
        >>> cells, strides = grid(64, 32)
        >>> len(cells), cells[-1].tolist(), int(strides[-1])
        (42, [1, 0], 32)
    """
    cells, strides = [], []
    for stride in STRIDES:
        y, x = np.indices((height // stride, width // stride))
        cells.append(np.stack([x.ravel(), y.ravel()], 1))
        strides.append(np.full(x.size, stride))
    return np.concatenate(cells), np.concatenate(strides)
