"""From the bytes of an image file to pixels, at full or at reduced size.

A JPEG holds the cosine transform of blocks of 8 × 8 px. A decoder can invert
the low frequencies of it only and gives the image at 1/2, 1/4 or 1/8 of its
size, each pixel the mean of a square, without ever making the large image.

Convention: pixel i' of the image at 1/f covers the pixels f·i' … f·i' + f − 1,
so its centre is f·i' + (f − 1)/2; the last column of an image whose side f
does not divide covers less than f pixels. Colours are BGR.
"""

import io
from importlib.util import find_spec
from typing import NamedTuple, Tuple

import cv2
import mmcv
import numpy as np
from mmcv.image import io as mmcv_io
from PIL import ExifTags, Image

#: mmcv's.
BACKENDS = ('cv2', 'turbojpeg', 'pillow', 'tifffile')
#: What a JPEG decoder can divide the size by.
FACTORS = (1, 2, 4, 8)

_REDUCED = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class Header(NamedTuple):
    """What the first bytes of an image file say.

    size (h, w) in px of the decoded image; reducible: a colour or grey JPEG
    that its Exif orientation does not turn.
    """

    size: Tuple[int, int]
    reducible: bool


def read_header(content: bytes) -> Header:
    """Read size and kind without decoding.

    Raises:
        OSError: If the bytes are no image.
    """
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        has_exif = 'exif' in image.info
        tag = ExifTags.Base.Orientation
        orientation = image.getexif().get(tag, 1) if has_exif else 1
        kind = image.format == 'JPEG' and image.mode in ('RGB', 'L')
    turned = orientation in (5, 6, 7, 8)
    return Header(
        (width, height) if turned else (height, width),
        kind and orientation in (0, 1),
    )


def decode(
    content: bytes, flag: str = 'color', backend: str = 'cv2'
) -> np.ndarray:
    """Decode a whole image by mmcv.

    Args:
        content (bytes): The file.
        flag (str): As of ``mmcv.imfrombytes``.
        backend (str): One of :data:`BACKENDS`.

    Returns:
        np.ndarray: (h, w, 3) BGR uint8 (or as ``flag`` says); None where
        OpenCV cannot read the file.

    Raises:
        Exception: Whatever the decoder raises at a broken file.
    """
    if backend == 'turbojpeg':
        _start_turbojpeg()
    return mmcv.imfrombytes(content, flag=flag, backend=backend)


def decode_reduced(
    content: bytes, factor: int, backend: str = 'cv2'
) -> np.ndarray:
    """Decode a reducible JPEG (see :class:`Header`) at 1/factor of its size.

    ``'turbojpeg'`` and OpenCV can; the other back ends leave it to OpenCV.

    Args:
        content (bytes): The file.
        factor (int): One of :data:`FACTORS`.
        backend (str): One of :data:`BACKENDS`.

    Returns:
        np.ndarray: (⌈h/factor⌉, ⌈w/factor⌉, 3) BGR uint8.
    """
    if factor == 1:
        return decode(content, 'color', backend)
    if backend == 'turbojpeg':
        _start_turbojpeg()
        return mmcv_io.jpeg.decode(content, scaling_factor=(1, factor))
    return mmcv.imfrombytes(content, flag=_REDUCED[factor], backend='cv2')


def require_backend(backend: str) -> None:
    """Check that a back end is known and installed.

    Raises:
        ValueError: If its name is unknown.
        ImportError: If it is not installed.
    """
    if backend not in BACKENDS:
        raise ValueError(
            f'imdecode_backend must be one of {BACKENDS}, got {backend!r}'
        )
    if backend == 'tifffile' and find_spec('tifffile') is None:
        raise ImportError(
            "imdecode_backend='tifffile' needs tifffile. Install it (pip "
            "install tifffile), or take 'cv2'."
        )
    if backend != 'turbojpeg':
        return
    try:
        _start_turbojpeg()
    except (ImportError, OSError, RuntimeError) as error:
        raise ImportError(
            "imdecode_backend='turbojpeg' needs PyTurboJPEG and the library "
            f'libturbojpeg ({error}). Install both (pip install '
            "'PyTurboJPEG<2'), or take 'cv2'."
        ) from error


def _start_turbojpeg() -> None:
    """Make mmcv's decoder, which mmcv does with its global back end only."""
    if mmcv_io.jpeg is None:
        before = mmcv_io.imread_backend
        try:
            mmcv.use_backend('turbojpeg')
        finally:
            mmcv.use_backend(before)
