"""What inference reads: images, folders, videos, streams, webcams and URLs.

A source is an iterable of frames. A frame that cannot be read has an error
and no image: one bad file of a folder stops nothing.
"""

import logging
import re
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Optional, Union
from urllib.parse import urlsplit

import cv2
import numpy as np
from PIL import Image

from .download import is_url
from .images import MAX_MEGAPIXELS, as_bgr, image_suffixes, read_image

#: Protocols that only a video comes by, and never ends.
STREAMS = ('rtsp', 'rtsps', 'rtmp', 'udp', 'rtp', 'srt', 'mms')
#: Suffixes of a URL that is a video; a file is opened to find out.
VIDEO_SUFFIXES = set(
    '.mp4 .avi .mov .mkv .webm .m4v .mpg .mpeg .wmv .ts .3gp .m3u8'.split()
)
DEFAULT_FPS = 30.0
_SHOWN = 5
logger = logging.getLogger(__name__)

Input = Union[str, Path, np.ndarray]


class Frame(NamedTuple):
    """An image (H, W, 3) BGR and its name, or the reason why there is none.

    ``time_ms`` is its time in a video, None for an image.
    """

    name: str
    image: Optional[np.ndarray]
    error: str = ''
    time_ms: Optional[float] = None


class ImageSource:
    """Images: paths, URLs and arrays.

    Args:
        images (Sequence): Read one after the other, when they are needed.
        max_megapixels (float): Larger images are refused.
        fps (float, optional): The images are the frames of a video.
        name (str): Of that video.
    """

    live = False

    def __init__(
        self,
        images: List[Input],
        max_megapixels: float = MAX_MEGAPIXELS,
        fps: Optional[float] = None,
        name: str = 'frames',
    ) -> None:
        self.images, self.max_megapixels = images, max_megapixels
        self.video, self.fps, self.name = fps is not None, fps, name
        self.paths = [str(i) for i in images if not isinstance(i, np.ndarray)]

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Frame]:
        for number, image in enumerate(self.images):
            is_array = isinstance(image, np.ndarray)
            name = f'{number:08d}' if is_array else str(image)
            time_ms = 1000 * number / self.fps if self.video else None
            try:
                pixels = (
                    as_bgr(image, name)
                    if is_array
                    else read_image(image, self.max_megapixels)
                )
            except (ValueError, OSError) as error:
                yield Frame(name, None, str(error), time_ms)
            except TypeError:
                what = f'input {number} is {type(image).__name__}'
                error = f'{what}: neither a path nor an array'
                yield Frame(name, None, error, time_ms)
            else:
                yield Frame(name, pixels, '', time_ms)


class VideoSource:
    """Frames of a video or a camera; the frames of a cut file up to the cut.

    Args:
        device (str | int): File, URL, device file or number of a camera.
        live (bool): It is a camera or a stream: it has no length, and nothing
            waits for the next frame.

    Raises:
        ValueError: If it cannot be opened.
    """

    video = True

    def __init__(self, device: Union[str, int], live: bool = False) -> None:
        self.name = str(device)
        if live:
            kind = 'stream' if '://' in self.name else 'webcam'
            self.name = f'{kind}_{Path(urlsplit(self.name).path).name}'
        self.live = live
        self.paths = [str(device)]
        self._capture = cv2.VideoCapture(device)
        if not self._capture.isOpened():
            what = 'camera' if live else 'video'
            raise ValueError(f'{device}: cannot be opened as a {what}')
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
            logger.warning(
                f'{self.name}: the video has no frame that can be read'
            )
        elif number < len(self):
            logger.warning(
                f'{self.name}: the video ends after {number} of {len(self)} '
                'frames: it is cut or damaged'
            )


def open_source(
    inputs: Union[Input, Iterable[Input]],
    out_dir: str = '',
    max_megapixels: float = MAX_MEGAPIXELS,
    fps: Optional[float] = None,
):
    """The source for what a user gives.

    Args:
        inputs: An image (path, URL or array), a folder of images, a video
            (file, URL or stream such as ``rtsp://``), ``'webcam'``,
            ``'webcam:1'`` or ``'webcam:/dev/video1'``, or a sequence of
            images.
        out_dir (str): See :func:`list_images`.
        max_megapixels (float): Larger images are refused.
        fps (float, optional): A folder or a sequence is a video with so many
            frames per second.

    Returns:
        ImageSource | VideoSource: Iterable of frames.

    Raises:
        ValueError, OSError: If a single image or video cannot be read, or a
            folder has no image.
    """
    if fps is not None and not 0 < fps < float('inf'):
        raise ValueError(f'fps must be a positive number, got {fps}')
    if isinstance(inputs, (ImageSource, VideoSource)):
        return inputs
    if isinstance(inputs, np.ndarray):
        return ImageSource([as_bgr(inputs)])
    if not isinstance(inputs, (str, Path)):
        if not isinstance(inputs, Iterable):
            raise ValueError(
                'inputs must be a path, a URL, a (H, W, 3) BGR array or a '
                f'sequence of them, got {type(inputs).__name__}'
            )
        return ImageSource(list(inputs), max_megapixels, fps)
    text = str(inputs)
    if not text:
        raise ValueError('an input is empty: give a path')
    scheme = text.partition('://')[0].lower()
    if text.split(':')[0] == 'webcam':
        device = text.partition(':')[2] or '0'
        return VideoSource(int(device) if device.isdigit() else device, True)
    if Path(text).is_dir():
        name = Path(text).resolve().name
        images = list_images([text], out_dir)
        return ImageSource(images, max_megapixels, fps, name)
    if scheme in STREAMS:
        return VideoSource(text, live=True)
    if is_video(text):
        return VideoSource(text)
    read_image(text, max_megapixels)  # a single bad image is an error
    return ImageSource([text], max_megapixels)


def is_video(path: str) -> bool:
    """Whether a file or URL is a video.

    A file is opened: one that Pillow knows is an image, an animation with
    more than one frame a video. A URL is told by its suffix.

    Raises:
        FileNotFoundError: If a video file is missing.
    """
    suffix = Path(urlsplit(path).path if is_url(path) else path).suffix
    if is_url(path):
        return suffix.lower() in VIDEO_SUFFIXES
    if not Path(path).is_file():
        if suffix.lower() in VIDEO_SUFFIXES:
            raise FileNotFoundError(f'{path}: no such video')
        return False
    try:
        with Image.open(path) as image:
            # MPO: the JPEG of phones that put a second picture behind it.
            animated = image.format in ('GIF', 'WEBP', 'PNG')
            return animated and getattr(image, 'n_frames', 1) > 1
    except (OSError, SyntaxError, ValueError):
        pass
    if suffix.lower() in image_suffixes():
        return False  # a broken image: its reader says what is wrong
    capture = cv2.VideoCapture(path)
    opened = capture.isOpened()
    capture.release()
    return opened or suffix.lower() in VIDEO_SUFFIXES


def list_images(
    paths: Iterable[Union[str, Path]], out_dir: str = ''
) -> List[str]:
    """Files as they are; of folders every image below them, by name.

    Files of a folder that are no images are named in a warning.

    Args:
        paths (Iterable[str | Path]): Files, folders and URLs.
        out_dir (str): Where pictures will be written: what lies in it is no
            input. Empty: nowhere.

    Raises:
        ValueError: If a folder has no image, or is itself ``out_dir``.
    """
    images = []
    out = Path(out_dir).resolve() if out_dir else None
    for path in map(str, paths):
        if not Path(path).is_dir():
            images.append(path)
            continue
        if Path(path).resolve() == out:
            raise ValueError(
                f'{path}: the pictures of the results would lie among the '
                'images and be read as such the next time. Write them into '
                'another folder; one below it is fine'
            )
        files = sorted(
            (
                p
                for p in Path(path).rglob('*')
                if p.is_file() and out not in p.resolve().parents
            ),
            key=_order,
        )
        suffixes = image_suffixes()
        found = [str(p) for p in files if p.suffix.lower() in suffixes]
        if not found:
            raise ValueError(f'{path}: the folder has no image')
        _warn_of_others(path, [p.name for p in files if str(p) not in found])
        images += found
    return images


def _order(path: Path) -> list:
    """By name, numbers in it by their value: frame_2 before frame_10."""
    return [
        [(not p.isdecimal(), int(p) if p.isdecimal() else 0, p) for p in parts]
        for parts in (re.split(r'(\d+)', part) for part in path.parts)
    ]


def _warn_of_others(folder: str, names: List[str]) -> None:
    """Name the files of a folder that are not taken for images."""
    if names:
        more = f' and {len(names) - _SHOWN} more' * (len(names) > _SHOWN)
        logger.warning(
            f'{folder}: {len(names)} files are passed over, their suffix is '
            f'of no image: {", ".join(names[:_SHOWN])}{more}'
        )
