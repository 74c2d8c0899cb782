"""Read images as (H, W, 3) BGR uint8, upright.

OpenCV reads JPEG, PNG, BMP and TIFF, Pillow everything else that it opens
(HEIC with the package pillow-heif). Values of an unknown range and images too
large for memory are errors.
"""

import io
import logging
import threading
from functools import lru_cache
from pathlib import Path
from typing import Set, Union

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .download import download, is_url

try:
    import pillow_heif
except ImportError:
    pillow_heif = None
else:
    pillow_heif.register_heif_opener()

HEIC_SUFFIXES = {'.heic', '.heif', '.hif'}
#: Pillow opens these, too, but they are documents, videos or data.
NO_IMAGES = {'.pdf', '.ps', '.eps', '.mpg', '.mpeg', '.h5', '.hdf', '.grib'}
#: Read by OpenCV, whose JPEG pixels are those that MMPose trains on.
OPENCV_FORMATS = {'JPEG', 'MPO', 'PNG', 'BMP', 'DIB', 'TIFF'}
#: Largest image: 300 MB in memory. ``max_megapixels`` raises it.
MAX_MEGAPIXELS = 100.0
BITS_PER_SAMPLE, ORIENTATION = 258, 274  # tags of TIFF and EXIF
_OPENING = threading.Lock()
logger = logging.getLogger(__name__)


def image_suffixes() -> Set[str]:
    """Return the suffixes of files that count as images."""
    return set(Image.registered_extensions()) - NO_IMAGES | HEIC_SUFFIXES


def read_image(
    path: Union[str, Path], max_megapixels: float = MAX_MEGAPIXELS
) -> np.ndarray:
    """Read a file or URL as (H, W, 3) BGR, upright by its EXIF orientation.

    Transparent pixels are shown on white. 16-bit images are scaled to 8 bits.
    Of an animation, the first frame is read.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no image, broken or too large, or the range of
            its values is unknown.
        OSError: If the URL cannot be read.
    """
    if is_url(path):
        content = download(str(path))
    elif Path(path).is_file():
        content = Path(path).read_bytes()
    else:
        raise FileNotFoundError(f'{path}: no such file')
    try:
        return _decode(content, str(path), max_megapixels)
    except UnidentifiedImageError as error:
        if Path(path).suffix.lower() in HEIC_SUFFIXES and pillow_heif is None:
            raise ValueError(
                f'{path}: HEIC images need the package pillow-heif: '
                'pip install pillow-heif'
            ) from error
        raise ValueError(f'{path}: cannot be decoded as an image') from error
    except (OSError, SyntaxError, cv2.error, MemoryError) as error:
        raise ValueError(
            f'{path}: cannot be decoded as an image ({error})'
        ) from error


def _decode(content: bytes, name: str, max_megapixels: float) -> np.ndarray:
    """Decode the content of a file as (H, W, 3) BGR uint8, upright."""
    pixels = np.frombuffer(content, np.uint8)
    with open_picture(io.BytesIO(content)) as header:
        check_size(header, name, max_megapixels)
        if bits_per_value(header, content) > 8:
            image = cv2.imdecode(pixels, cv2.IMREAD_UNCHANGED)
            if image is None:
                raise ValueError(
                    f'{name}: has more than 8 bits in a form that cannot be '
                    'decoded as an image. Convert it to 8 bits'
                )
            # Pillow turns pictures of 8 bits only, OpenCV TIFFs already.
            picture = Image.fromarray(as_bgr(image, name))
            tag = header.getexif().get(ORIENTATION, 1)
            if header.format == 'TIFF' and opencv_turns_tiffs():
                tag = 1
            picture.getexif()[ORIENTATION] = tag
            return np.array(ImageOps.exif_transpose(picture))
        if (
            header.format in OPENCV_FORMATS
            and not header.has_transparency_data
        ):
            image = cv2.imdecode(pixels, cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError(f'{name}: cannot be decoded as an image')
            return image
        header.load()
        return upright_bgr(header, name)


@lru_cache(None)
def opencv_turns_tiffs() -> bool:
    """Whether this OpenCV applies the orientation of 16-bit TIFFs."""
    file, upside_down = io.BytesIO(), {ORIENTATION: 3}
    picture = Image.fromarray(np.array([[0, 1]], np.uint16))
    picture.save(file, 'TIFF', tiffinfo=upside_down)
    pixels = np.frombuffer(file.getvalue(), np.uint8)
    return bool(cv2.imdecode(pixels, cv2.IMREAD_UNCHANGED)[0, 0])


def open_picture(file) -> Image.Image:
    """Open an image with Pillow, without its limit of 179 megapixels.

    :func:`check_size` applies the limit of this package.
    """
    with _OPENING:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def check_size(image: Image.Image, name: str, max_megapixels: float) -> None:
    """Raise ValueError for a too large image, before it is decoded."""
    width, height = image.size
    if width * height > max_megapixels * 1e6:
        raise ValueError(
            f'{name}: has {width} x {height} px, more than '
            f'{max_megapixels:g} megapixels. Scale it down, or raise '
            'max_megapixels'
        )


def upright_bgr(image: Image.Image, name: str) -> np.ndarray:
    """Convert a Pillow image to (H, W, 3) BGR uint8, upright, on white."""
    rgba = ImageOps.exif_transpose(image).convert('RGBA')
    return as_bgr(np.asarray(rgba)[..., [2, 1, 0, 3]], name)


def bits_per_value(header: Image.Image, content: bytes) -> int:
    """Return the bits per channel of an image."""
    if header.format == 'PNG':
        return content[24]  # of the chunk IHDR
    if header.format == 'TIFF':
        tags = header.tag_v2  # type: ignore[attr-defined]
        return max(np.ravel(tags.get(BITS_PER_SAMPLE, 8)).tolist())
    return 32 if header.mode[0] in 'IF' else 8


def as_bgr(image: np.ndarray, name: str = 'image') -> np.ndarray:
    """Convert grey, BGR, BGRA and 16-bit arrays to (H, W, 3) uint8 BGR.

    Transparent pixels are shown on white.

    Raises:
        ValueError: If the shape or type is another, or the range of the
            values is unknown.

    Example:
        >>> as_bgr(np.full((2, 4), 257 * 99, np.uint16))[0, 0].tolist()
        [99, 99, 99]
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    good = image.ndim == 3 and image.shape[-1] in (1, 3, 4) and image.size
    if not good or image.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f'{name}: must be uint8 or uint16 of the shape (H, W), (H, W, 3) '
            f'BGR or (H, W, 4) BGRA, got {image.dtype} {image.shape}. Convert '
            'it to 8 bits'
        )
    if image.dtype == np.uint16:
        highest = int(image[..., :3].max())
        if 0 < highest < 4096:
            raise ValueError(
                f'{name}: 16-bit image whose highest value is {highest}: it '
                'seems to hold 12 bits or less. Convert it to 8 bits'
            )
        if 0 < highest < 2**14:
            logger.warning(
                f'{name}: 16-bit image whose highest value is {highest}: if '
                'it holds 14 bits it is read too dark. Convert it to 8 bits'
            )
        image = (image // 257).astype(np.uint8)
    if image.shape[-1] == 4:
        alpha = image[..., 3:].astype(np.float32) / 255
        image = (image[..., :3] * alpha + 255 * (1 - alpha)).round()
        image = image.astype(np.uint8)
    if image.shape[-1] == 1:
        image = image.repeat(3, -1)
    return np.ascontiguousarray(image)


def fit_within(
    image: np.ndarray, width: int, height: int, grey: int = 255
) -> np.ndarray:
    """Scale an image to fit a size, and pad it right and below."""
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    size = [max(1, int(side * scale)) for side in image.shape[1::-1]]
    canvas = np.full((height, width, 3), grey, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(image, size)
    return canvas
