"""Headers and reduced images against OpenCV's own answers."""

import io

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from integral_mmpose.datasets.jpeg import read_header, read_reduced


def smooth(height, width, seed=0):
    """A picture without fine detail: JPEG and resizing hardly change it."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 6)
    low, high = blurred.min(), blurred.max()
    return (255 * (blurred - low) / (high - low)).astype(np.uint8)


def jpeg(image):
    options = [cv2.IMWRITE_JPEG_QUALITY, 95]
    return cv2.imencode('.jpg', image, options)[1].tobytes()


def pil_bytes(kind, mode='RGB', orientation=None, size=(30, 20)):
    image, file = Image.new(mode, size), io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    image.save(file, kind, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'TIFF', 'WEBP'])
@pytest.mark.parametrize('orientation', [None, *range(1, 9)])
def test_header_has_the_size_of_the_pixels(kind, orientation):
    content = pil_bytes(kind, orientation=orientation)
    header = read_header(content)
    assert header.size == read_reduced(content, 1).shape[:2]
    assert header.reducible == (kind == 'JPEG' and orientation in (None, 1))


def test_what_cannot_be_reduced():
    assert read_header(pil_bytes('JPEG', 'L')).reducible
    assert not read_header(pil_bytes('PNG')).reducible
    assert not read_header(pil_bytes('JPEG', 'CMYK')).reducible
    with pytest.raises(OSError):
        read_header(b'no image')


@pytest.mark.parametrize('factor', [2, 4, 8])
@pytest.mark.parametrize('height,width', [(160, 128), (163, 129)])
def test_a_reduced_pixel_is_the_mean_of_its_square(factor, height, width):
    content = jpeg(smooth(height, width))
    full = read_reduced(content, 1).astype(np.float64)
    reduced = read_reduced(content, factor)
    assert reduced.shape[:2] == (-(-height // factor), -(-width // factor))
    h, w = height // factor, width // factor
    squares = full[: h * factor, : w * factor]
    means = squares.reshape(h, factor, w, factor, 3).mean((1, 3))
    assert np.abs(reduced[:h, :w] - means).mean() < 1.0
    # The wrong reading: the corner of the square, not its mean.
    corners = squares[::factor, ::factor]
    assert np.abs(reduced[:h, :w] - corners).mean() > 1.5


def test_factor_1_is_the_whole_image():
    content = jpeg(smooth(40, 50))
    whole = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(read_reduced(content, 1), whole)
