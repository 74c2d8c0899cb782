"""Read an image file at full or at reduced size.

A JPEG holds the cosine transform of blocks of 8 × 8 px. A reader can invert
the low frequencies of it only and gives the image at 1/2, 1/4 or 1/8 of its
size, each pixel the mean of a square, without ever making the large image.

Convention: pixel i' of the image at 1/f covers the pixels f·i' … f·i' + f − 1,
so its centre is f·i' + (f − 1)/2; the last column of an image whose side f
does not divide covers less than f pixels. Colours are BGR.
"""

import io
from typing import NamedTuple, Tuple

import cv2
import mmcv
import numpy as np
from PIL import ExifTags, Image

#: What a JPEG's size can be divided by, and what OpenCV calls it.
FLAGS = {
    1: 'color',
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class Header(NamedTuple):
    """What the first bytes of an image file say.

    size (h, w) in px of the whole image; reducible: a colour or grey JPEG
    that its Exif orientation does not turn.
    """

    size: Tuple[int, int]
    reducible: bool


def read_header(content: bytes) -> Header:
    """Read size and kind from the first bytes.

    Raises:
        OSError: If the bytes are no image.
    """
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        has_exif = 'exif' in image.info
        tag = ExifTags.Base.Orientation
        orientation = image.getexif().get(tag, 1) if has_exif else 1
        kind = image.format == 'JPEG' and image.mode in ('RGB', 'L')
        # OpenCV leaves a WebP as it is.
        turned = orientation in (5, 6, 7, 8) and image.format != 'WEBP'
    return Header(
        (width, height) if turned else (height, width),
        kind and orientation in (0, 1),
    )


def read_reduced(content: bytes, factor: int) -> np.ndarray:
    """Read a file at 1/factor of its size; above 1 it must be reducible.

    The factor is one of :data:`FLAGS`.

    Returns:
        np.ndarray: (⌈h/factor⌉, ⌈w/factor⌉, 3) BGR uint8; None where OpenCV
        cannot read the file.
    """
    return mmcv.imfrombytes(content, flag=FLAGS[factor], backend='cv2')
