"""Images of any kind -> (H, W, 3) BGR uint8, upright."""

import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Optional, Union

import cv2
import mmcv
import numpy as np
from PIL import Image

IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff'}
#: Seconds without a byte after which a download is given up.
TIMEOUT_S = 10
#: What the decoders raise: Pillow of torn content, both of too many pixels.
BROKEN = (OSError, ValueError, cv2.error, Image.DecompressionBombError)
#: Largest download in bytes.
MAX_BYTES = 64 * 2**20


def read_image(path: Union[str, Path]) -> np.ndarray:
    """Read an image as (H, W, 3) BGR, upright by its EXIF orientation.

    Args:
        path (str | Path): File, or an http(s) URL.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no image, or a broken one.
        OSError: If the URL cannot be read.
    """
    if is_url(path):
        content = download(str(path))
    elif Path(path).is_file():
        content = Path(path).read_bytes()
    else:
        raise FileNotFoundError(f'{path}: no such image')
    try:
        image = decode(content)
    except BROKEN as error:
        raise ValueError(
            f'{path}: cannot be decoded as an image ({error})'
        ) from error
    if image is None:
        raise ValueError(f'{path}: cannot be decoded as an image')
    return image


def decode(content: bytes) -> Optional[np.ndarray]:
    """(H, W, 3) BGR, upright; None or an error if it is no image."""
    if not content:
        return None
    # OpenCV does not turn WebP by its EXIF orientation.
    is_webp = content[:4] == b'RIFF' and content[8:12] == b'WEBP'
    backend = 'pillow' if is_webp else 'cv2'
    image = mmcv.imfrombytes(content, flag='color', backend=backend)
    return None if image is None else np.ascontiguousarray(image)


def is_url(path) -> bool:
    """Whether a path is an http(s) URL."""
    return str(path).startswith(('http://', 'https://'))


def download(url: str) -> bytes:
    """The bytes behind a URL.

    Raises:
        OSError: If it cannot be read, or is larger than 64 MB.
    """
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            content = answer.read(MAX_BYTES + 1)
    except (OSError, ValueError, HTTPException) as error:
        raise OSError(f'{url}: cannot be read ({error})') from error
    if len(content) > MAX_BYTES:
        raise OSError(f'{url}: is larger than {MAX_BYTES >> 20} MB')
    return content


def as_bgr(image: np.ndarray, name: str = 'image') -> np.ndarray:
    """Make (H, W, 3) uint8 BGR of grey, BGRA and 16-bit arrays.

    Raises:
        ValueError: If it is not such an array.

    Example:
        >>> as_bgr(np.full((2, 4), 257, np.uint16))[0, 0].tolist()
        [1, 1, 1]
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    good = image.ndim == 3 and image.shape[-1] in (1, 3, 4) and image.size
    if not good or image.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f'{name}: must be uint8 or uint16 of the shape (H, W), (H, W, 3) '
            f'BGR or (H, W, 4) BGRA, got {image.dtype} {image.shape}'
        )
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.shape[-1] == 1:
        image = image.repeat(3, -1)
    return np.ascontiguousarray(image[..., :3])
