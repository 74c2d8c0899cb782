"""Crop a person as MMPose's top-down pipelines do.

``GetBBoxCenterScale`` pads a box, ``TopdownAffine`` widens it to the aspect
ratio of the network input and warps it there. This is the same arithmetic in
numpy and OpenCV, for inference without MMPose.
"""

from typing import NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from integral_mmpose.geometry import TIGHT_PADDING

#: cv2.warpAffine needs images with sides below 2^15 px.
MAX_SIDE = 2**15 - 2


class Crop(NamedTuple):
    """The network input of one person and its place in the image.

    ``pixels`` is (h, w, 3) BGR uint8; ``center`` (2,) and ``size`` (2,) are
    the crop's middle and its width and height in image px.
    """

    pixels: np.ndarray
    center: np.ndarray
    size: np.ndarray

    def to_image(self, keypoints_px: np.ndarray) -> np.ndarray:
        """Joints (..., 2) in px of the crop -> image px."""
        height, width = self.pixels.shape[:2]
        left_top = self.center - self.size / 2
        return keypoints_px / [width, height] * self.size + left_top


def crop_person(
    image: np.ndarray,
    box: np.ndarray,
    input_size: Sequence[int],
    padding: float,
    use_udp: bool = False,
) -> Crop:
    """Cut a person out of an image.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        box (np.ndarray): (4,) left, top, right, bottom in image px, tight.
        input_size (Sequence[int]): (w, h) of the crop in px.
        padding (float): Factor on the width and height of the box.
        use_udp (bool): Use MMPose's unbiased crop, which aligns the centres
            of the corner pixels.

    Returns:
        Crop: Black outside the image.

    Raises:
        ValueError: If the image is too large for OpenCV.
    """
    check_sides(image)
    box = np.asarray(box, np.float32)
    width, height = input_size
    center = (box[:2] + box[2:4]) / 2
    size = (box[2:4] - box[:2]) * padding
    side = max(size[0], size[1] * width / height)
    size = np.array([side, side * height / width], np.float32)
    if use_udp:
        scale = (np.array([width, height]) - 1) / size
        offset = (size / 2 - center) * scale
    else:
        scale = np.array([width / size[0]] * 2)
        offset = np.array([width, height]) / 2 - center * scale
    matrix = np.array(
        [[scale[0], 0, offset[0]], [0, scale[1], offset[1]]], np.float64
    )
    pixels = cv2.warpAffine(
        image, matrix, (int(width), int(height)), flags=cv2.INTER_LINEAR
    )
    return Crop(pixels, center, size)


def check_sides(image: np.ndarray) -> None:
    """Raise ValueError if an image is too large for OpenCV."""
    if max(image.shape[:2]) > MAX_SIDE:
        raise ValueError(
            f'the image has {image.shape[1]} x {image.shape[0]} px, but '
            f'OpenCV allows at most {MAX_SIDE} px a side: scale it down'
        )


def box_padding(dataset: dict) -> Tuple[float, float]:
    """Return the factor from tight boxes to crops of a test data set.

    COCO's pipelines pad tight boxes (MMPose's default is 1.25). A padding of
    1 means that the data set pads its boxes, by ``bbox_padding``.

    Returns:
        tuple: The factor, and the part of it that the pipeline pads.

    Example:
        >>> steps = [dict(type='GetBBoxCenterScale', padding=1.0)]
        >>> box_padding(dict(type='MpiiExactDataset', pipeline=steps))
        (1.25, 1.0)
        >>> steps[0]['padding'] = 1.5
        >>> box_padding(dict(type='CocoDataset', pipeline=steps))
        (1.5, 1.5)
    """
    padding = 1.0
    for step in dataset['pipeline']:
        if str(step['type']).endswith('GetBBoxCenterScale'):
            padding = step.get('padding', TIGHT_PADDING)
    if padding == 1:
        return dataset.get('bbox_padding', TIGHT_PADDING), padding
    return padding, padding
