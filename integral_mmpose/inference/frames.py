"""Read frames from images, videos and animations.

A frame that cannot be read has an error and no image, so a bad file does not
stop a run.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional, Sized, Union
from urllib.parse import urlsplit

import cv2
import numpy as np
from PIL import Image

from .download import is_url
from .images import (
    MAX_MEGAPIXELS,
    as_bgr,
    check_size,
    open_picture,
    read_image,
    upright_bgr,
)

DEFAULT_FPS = 30.0
#: Duration in ms of a picture that gives none, as in browsers.
DEFAULT_MS = 100
logger = logging.getLogger(__name__)

Input = Union[str, Path, np.ndarray]


@dataclass
class Frame:
    """An image, or a frame of a video.

    Attributes:
        name (str): Path of the image, or video and number of the frame.
        image (np.ndarray, optional): (H, W, 3) BGR; None if unreadable.
        error (str): Why it cannot be used; empty if it can.
        time_ms (float, optional): Time of a frame in its video.
    """

    name: str
    image: Any = None
    error: str = ''
    time_ms: Optional[float] = None


class ImageSource:
    """Images from paths, URLs and arrays.

    Args:
        images (Iterable): Read when they are needed. An iterator has no
            length and can be read once.
        max_megapixels (float): Larger images are refused.
        fps (float, optional): Frames per second, if the images are a video.
        name (str): Name of that video.
        first (np.ndarray, optional): The first image, if it is read already.
    """

    live = False

    def __init__(
        self,
        images: Iterable[Input],
        max_megapixels: float = MAX_MEGAPIXELS,
        fps: Optional[float] = None,
        name: str = 'frames',
        first: Optional[np.ndarray] = None,
    ) -> None:
        self.images, self.max_megapixels = images, max_megapixels
        self.video, self.fps, self.name = fps is not None, fps, name
        self._first = first
        self.paths = []
        if len(self):
            self.paths = [str(i) for i in images if isinstance(i, (str, Path))]

    def __len__(self) -> int:
        return len(self.images) if isinstance(self.images, Sized) else 0

    def __iter__(self) -> Iterator[Frame]:
        for number, image in enumerate(self.images):
            is_array = isinstance(image, np.ndarray)
            frame = Frame(f'{number:08d}' if is_array else str(image))
            if self.fps is not None:
                frame.time_ms = 1000 * number / self.fps
            try:
                frame.image = self._read(image, frame.name)
            except (ValueError, OSError) as error:
                frame.error = str(error)
            except TypeError:
                what = f'input {number} is {type(image).__name__}'
                frame.error = f'{what}: neither a path nor an array'
            yield frame

    def _read(self, image: Input, name: str) -> np.ndarray:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if isinstance(image, np.ndarray):
            return as_bgr(image, name)
        return read_image(image, self.max_megapixels)


class VideoSource:
    """Frames of a video or a camera.

    A truncated file gives the frames before its end.

    Args:
        device (str | int): File, URL, device file or number of a camera.
        live (bool): Whether it is a camera or a stream, without a length.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If it cannot be opened.
    """

    video = True

    def __init__(self, device: Union[str, int], live: bool = False) -> None:
        self.name, kind = str(device), 'video'
        if live:
            kind = 'stream' if '://' in self.name else 'webcam'
            self.name = f'{kind}_{Path(urlsplit(self.name).path).name}'
        self.live = live
        self.paths = [str(device)]
        if not (live or is_url(device) or Path(str(device)).is_file()):
            raise FileNotFoundError(f'{device}: no such video')
        self._capture = cv2.VideoCapture(device)
        if not self._capture.isOpened():
            what = 'camera or stream' if live else 'video'
            name = f'webcam:{device}' if kind == 'webcam' else device
            raise ValueError(f'{name}: cannot be opened as a {what}')
        # Some versions of OpenCV leave a phone's video on its side.
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else DEFAULT_FPS
        self._count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def __len__(self) -> int:
        return 0 if self.live else max(self._count, 0)

    def __iter__(self) -> Iterator[Frame]:
        number, last_ms = 0, -1.0
        try:
            while True:
                good, image = self._capture.read()
                if not good:
                    break
                time_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
                if time_ms <= last_ms:  # not every back end knows it
                    time_ms = last_ms + 1000 / self.fps if number else 0.0
                last_ms = time_ms
                name = f'{Path(self.name).stem}_{number:06d}'
                yield Frame(name, image, '', time_ms)
                number += 1
        finally:
            self._capture.release()
        if not number and not self.live:
            hint = ''
            if '://' in self.name:
                hint = ': download it first, the server may send no ranges'
            logger.warning(
                f'{self.name}: the video has no frame that can be read{hint}'
            )
        elif number < len(self):
            logger.warning(
                f'{self.name}: the video ends after {number} of {len(self)} '
                'frames: it is truncated or damaged'
            )


class AnimationSource:
    """Frames of an animated GIF, WebP or PNG file.

    Each picture has its own duration; ``fps`` is the mean.

    Raises:
        ValueError: If the pictures are too large or none can be read.
    """

    live, video = False, True

    def __init__(self, path: str, max_megapixels: float) -> None:
        self.name, self.paths = path, [path]
        with open_picture(path) as image:
            check_size(image, path, max_megapixels)
        # The times are in the frames themselves.
        self._starts_ms, end_ms = [], 0.0
        for picture in self._pictures():
            self._starts_ms.append(end_ms)
            end_ms += picture.info.get('duration') or DEFAULT_MS
        if not self._starts_ms:
            raise ValueError(f'{path}: the animation cannot be read')
        self.fps = 1000 * len(self) / end_ms

    def __len__(self) -> int:
        return len(self._starts_ms)

    def __iter__(self) -> Iterator[Frame]:
        for number, (image, time_ms) in enumerate(
            zip(self._pictures(), self._starts_ms)
        ):
            name = f'{Path(self.name).stem}_{number:06d}'
            yield Frame(name, upright_bgr(image, name), '', time_ms)

    def _pictures(self) -> Iterator[Image.Image]:
        """Yield the decoded pictures before the first damaged one."""
        image: Any  # with n_frames
        number = 0
        with open_picture(self.name) as image:
            try:
                for number in range(image.n_frames):
                    image.seek(number)
                    image.load()
                    yield image
            except (OSError, EOFError, SyntaxError, ValueError) as error:
                logger.warning(
                    f'{self.name}: the animation ends after {number} of '
                    f'{image.n_frames} pictures: {error}'
                )


def is_animation(path: Union[str, Path]) -> Optional[bool]:
    """Whether an image is animated; None if the file is no image."""
    if not Path(path).is_file():  # a pipe would wait for its other end
        return None
    try:
        with open_picture(path) as image:
            # MPO: the JPEG of phones that put a second picture behind it.
            kind = image.format in ('GIF', 'WEBP', 'PNG')
            return kind and getattr(image, 'n_frames', 1) > 1
    except (OSError, SyntaxError, ValueError):
        return None
