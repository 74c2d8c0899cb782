"""Headers and reduced decoding against OpenCV's own answers."""

import io

import cv2
import mmcv
import numpy as np
import pytest
from mmcv.image import io as mmcv_io
from PIL import ExifTags, Image

from integral_mmpose.datasets import decode as decode_module
from integral_mmpose.datasets.decode import (
    decode,
    decode_reduced,
    read_header,
    require_backend,
)


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


@pytest.mark.parametrize('orientation', [None, *range(1, 9)])
def test_header_has_the_size_that_is_decoded(orientation):
    content = pil_bytes('JPEG', orientation=orientation)
    header = read_header(content)
    assert header.size == decode(content).shape[:2]
    assert header.reducible == (orientation in (None, 1))


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
    full = decode(content).astype(np.float64)
    reduced = decode_reduced(content, factor)
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
    np.testing.assert_array_equal(decode_reduced(content, 1), whole)


class StandIn:
    """PyTurboJPEG's interface, by OpenCV."""

    def decode(self, content, pixel_format=None, scaling_factor=None):
        flags = {
            None: cv2.IMREAD_COLOR,
            (1, 4): cv2.IMREAD_REDUCED_COLOR_4,
        }
        data = np.frombuffer(content, np.uint8)
        return cv2.imdecode(data, flags[scaling_factor])


def test_turbojpeg_through_mmcv(monkeypatch):
    monkeypatch.setattr(mmcv_io, 'TurboJPEG', StandIn)
    monkeypatch.setattr(mmcv_io, 'jpeg', None)
    before = mmcv_io.imread_backend
    content = jpeg(smooth(40, 50))
    # mmcv alone: its decoder is missing unless it is the global back end.
    with pytest.raises(AttributeError):
        mmcv.imfrombytes(content, backend='turbojpeg')
    require_backend('turbojpeg')
    for factor in (1, 4):
        np.testing.assert_array_equal(
            decode_reduced(content, factor, 'turbojpeg'),
            decode_reduced(content, factor),
        )
    assert isinstance(mmcv_io.jpeg, StandIn)
    assert mmcv_io.imread_backend == before


def test_missing_and_unknown_back_ends(monkeypatch):
    monkeypatch.setattr(mmcv_io, 'TurboJPEG', None)
    monkeypatch.setattr(mmcv_io, 'jpeg', None)
    with pytest.raises(ImportError, match="pip install .*take 'cv2'"):
        require_backend('turbojpeg')
    with pytest.raises(ValueError, match="one of .*'cv2'.*got 'nothing'"):
        require_backend('nothing')
    monkeypatch.setattr(decode_module, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match='needs tifffile'):
        require_backend('tifffile')
