"""Open images, folders, videos, streams, webcams and URLs."""

import logging
import re
from pathlib import Path
from typing import Iterable, Iterator, List, Mapping, Optional, Union
from urllib.parse import urlsplit

import cv2
import numpy as np

from integral_mmpose.geometry import is_positive

from .download import is_url
from .frames import (
    AnimationSource,
    ImageSource,
    Input,
    VideoSource,
    is_animation,
)
from .images import MAX_MEGAPIXELS, as_bgr, image_suffixes, read_image

#: Protocols of live streams.
STREAMS = ('rtsp', 'rtsps', 'rtmp', 'udp', 'rtp', 'srt', 'mms')
#: Suffixes of videos; files with another one are opened to find out.
VIDEO_SUFFIXES = set(
    '.mp4 .avi .mov .mkv .webm .m4v .mpg .mpeg .wmv .ts .3gp .m3u8'.split()
)
_SHOWN = 5
logger = logging.getLogger(__name__)

Source = Union[ImageSource, VideoSource, AnimationSource]


def open_source(
    inputs: Union[Input, Iterable[Input], Source],
    out_dir: str = '',
    max_megapixels: float = MAX_MEGAPIXELS,
    fps: Optional[float] = None,
) -> Source:
    """Open an input as a source of frames.

    Args:
        inputs: An image (path, URL or array), a folder of images, a video
            (file, URL or stream such as ``rtsp://``), ``'webcam'``,
            ``'webcam:1'`` or ``'webcam:/dev/video1'``, a sequence or an
            iterator of images.
        out_dir (str): See :func:`list_images`.
        max_megapixels (float): Larger images are refused.
        fps (float, optional): Treat a folder or a sequence as a video with
            this number of frames per second.

    Returns:
        ImageSource | VideoSource | AnimationSource: Iterable of frames.

    Raises:
        ValueError, OSError: If a single image or video cannot be read, or a
            folder has no image.
    """
    if fps is not None:
        check_positive(fps, 'fps')
    check_positive(max_megapixels, 'max_megapixels')
    if isinstance(inputs, (ImageSource, VideoSource, AnimationSource)):
        return inputs
    if isinstance(inputs, np.ndarray):
        return ImageSource([as_bgr(inputs)])
    if not isinstance(inputs, (str, Path)):
        if not isinstance(inputs, Iterable) or isinstance(
            inputs, (bytes, Mapping)
        ):
            raise ValueError(
                'inputs must be a path, a URL, a (H, W, 3) BGR array or a '
                f'sequence of them, got {type(inputs).__name__}'
            )
        images = inputs if isinstance(inputs, Iterator) else list(inputs)
        return ImageSource(images, max_megapixels, fps)
    text = str(inputs)
    if not text:
        raise ValueError('an input is empty: give a path')
    if is_live(text):
        device = text.removeprefix('webcam').removeprefix(':') or '0'
        return VideoSource(int(device) if device.isdigit() else device, True)
    if Path(text).is_dir():
        name = Path(text).resolve().name
        found = list_images(text, out_dir)
        return ImageSource(found, max_megapixels, fps, name)
    if is_animation(text):
        return AnimationSource(text, max_megapixels)
    if is_video(text):
        return VideoSource(text)
    first = read_image(text, max_megapixels)  # one bad image is an error
    return ImageSource([text], max_megapixels, first=first)


def check_positive(value: float, name: str) -> None:
    """Raise ValueError for what is no positive number."""
    if not is_positive(value):
        raise ValueError(f'{name} must be a positive number, got {value!r}')


def is_live(path: str) -> bool:
    """Whether an input is a webcam or a stream."""
    scheme, _, more = path.partition(':')
    return scheme == 'webcam' or (
        more.startswith('//') and scheme.lower() in STREAMS
    )


def is_video(path: str) -> bool:
    """Whether an input is a webcam, a stream or a video.

    A file that Pillow opens is a video if it is animated. Other inputs are
    told by their suffix.
    """
    if is_live(path):
        return True
    moves = is_animation(path)
    if moves is not None:
        return moves
    suffix = Path(urlsplit(path).path if is_url(path) else path).suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return True
    if suffix in image_suffixes() or not Path(path).is_file():
        return False  # its reader says what is wrong
    capture = cv2.VideoCapture(path)
    opened = capture.isOpened()
    capture.release()
    return opened


def list_images(path: Union[str, Path], out_dir: str = '') -> List[str]:
    """List the images below a folder, sorted by name.

    A file or a URL is returned as it is. A warning names the other files of
    a folder.

    Args:
        path (str | Path): File, folder or URL.
        out_dir (str): Output folder, whose files are no inputs; empty for
            none.

    Raises:
        ValueError: If a folder has no image, or is itself ``out_dir``.
    """
    if not Path(path).is_dir():
        return [str(path)]
    folder = Path(path).resolve()
    out = Path(out_dir).resolve() if out_dir else None
    if folder == out:
        raise ValueError(
            f'{path}: is both the input and the output folder, so the next '
            'run would read the results as images. Choose another output '
            'folder'
        )
    # Results below the images are no images.
    below = out if out and folder in out.parents else None
    # A dangling link is named as an image that cannot be read.
    files = [p for p in Path(path).rglob('*') if p.is_file() or p.is_symlink()]
    files = [p for p in files if not p.is_dir()]
    files = [p for p in files if below not in p.resolve().parents]
    files.sort(key=_order)
    suffixes = image_suffixes()
    images = [str(p) for p in files if p.suffix.lower() in suffixes]
    if not images:
        raise ValueError(f'{path}: the folder has no image')
    others = [p.name for p in files if p.suffix.lower() not in suffixes]
    if others:
        logger.warning(
            f'{path}: files without the suffix of an image are ignored: '
            + first_of(others)
        )
    return images


def _order(path: Path) -> list:
    """Sort key: numbers in a name by value, frame_2 before frame_10."""
    return [
        [(not p.isdecimal(), int(p) if p.isdecimal() else 0, p) for p in parts]
        for parts in (re.split(r'(\d+)', part) for part in path.parts)
    ]


def first_of(names: List[str]) -> str:
    """Join the first names, and count the others."""
    more = f' and {len(names) - _SHOWN} more' * (len(names) > _SHOWN)
    return ', '.join(names[:_SHOWN]) + more
