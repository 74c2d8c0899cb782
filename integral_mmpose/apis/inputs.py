"""What the inferencer reads: images, folders, videos, webcams and URLs.

A source is an iterable of frames. A frame that cannot be read has an error
and no image: one bad file of a folder stops nothing.
"""

import logging
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Optional, Union

import cv2
import numpy as np
from mmengine.logging import print_log

from .download import is_url
from .images import MAX_MEGAPIXELS, as_bgr, image_suffixes, read_image

VIDEO_SUFFIXES = {'.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg'}
DEFAULT_FPS = 30.0
_SHOWN = 5

Input = Union[str, Path, np.ndarray]


class Frame(NamedTuple):
    """An image (H, W, 3) BGR and its name, or the reason why there is none."""

    name: str
    image: Optional[np.ndarray]
    error: str = ''


class ImageSource:
    """Images: paths, URLs and arrays.

    Args:
        images (Sequence): Read one after the other, when they are needed.
        max_megapixels (float): Larger images are refused.
    """

    live = video = False

    def __init__(
        self, images: List[Input], max_megapixels: float = MAX_MEGAPIXELS
    ) -> None:
        self.images, self.max_megapixels = images, max_megapixels
        self.paths = [str(i) for i in images if not isinstance(i, np.ndarray)]

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Frame]:
        for number, image in enumerate(self.images):
            is_array = isinstance(image, np.ndarray)
            name = f'{number:08d}' if is_array else str(image)
            try:
                pixels = (
                    as_bgr(image, name)
                    if is_array
                    else read_image(image, self.max_megapixels)
                )
            except (ValueError, OSError) as error:
                yield Frame(name, None, str(error))
            except TypeError:
                yield Frame(
                    name,
                    None,
                    f'input {number} is {type(image).__name__}: neither a '
                    'path nor an array',
                )
            else:
                yield Frame(name, pixels)


class VideoSource:
    """Frames of a video or a camera; the frames of a cut file up to the cut.

    Args:
        device (str | int): File, URL, device file or number of a camera.
        live (bool): It is a camera: it has no length, and nothing waits for
            the next frame.

    Raises:
        ValueError: If it cannot be opened.
    """

    video = True

    def __init__(self, device: Union[str, int], live: bool = False) -> None:
        self.name = f'webcam_{Path(str(device)).name}' if live else str(device)
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
        number = 0
        try:
            while True:
                good, image = self._capture.read()
                if not good:
                    break
                yield Frame(f'{Path(self.name).stem}_{number:06d}', image)
                number += 1
        finally:
            self._capture.release()
        if not number and not self.live:
            print_log(
                f'{self.name}: the video has no frame that can be read',
                'current',
                logging.WARNING,
            )
        elif number < len(self):
            print_log(
                f'{self.name}: the video ends after {number} of {len(self)} '
                'frames: it is cut or damaged',
                'current',
                logging.WARNING,
            )


def open_source(
    inputs: Union[Input, Iterable[Input]],
    out_dir: str = '',
    max_megapixels: float = MAX_MEGAPIXELS,
):
    """The source for what a user gives.

    Args:
        inputs: An image (path, URL or array), a folder of images, a video
            file or URL, ``'webcam'``, ``'webcam:1'`` or
            ``'webcam:/dev/video1'``, or a sequence of images.
        out_dir (str): See :func:`list_images`.
        max_megapixels (float): Larger images are refused.

    Returns:
        ImageSource | VideoSource: Iterable of frames.

    Raises:
        ValueError, OSError: If a single image or video cannot be read, or a
            folder has no image.
    """
    if isinstance(inputs, np.ndarray):
        return ImageSource([as_bgr(inputs)])
    if not isinstance(inputs, (str, Path)):
        return ImageSource(list(inputs), max_megapixels)
    text = str(inputs)
    if text.split(':')[0] == 'webcam':
        device = text.partition(':')[2] or '0'
        return VideoSource(int(device) if device.isdigit() else device, True)
    if Path(text).is_dir():
        return ImageSource(list_images([text], out_dir), max_megapixels)
    if Path(text.split('?')[0]).suffix.lower() in VIDEO_SUFFIXES:
        if not is_url(text) and not Path(text).is_file():
            raise FileNotFoundError(f'{text}: no such video')
        return VideoSource(text)
    read_image(text, max_megapixels)  # a single bad image is an error
    return ImageSource([text], max_megapixels)


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
            p
            for p in Path(path).rglob('*')
            if p.is_file() and out not in p.resolve().parents
        )
        suffixes = image_suffixes()
        found = [str(p) for p in files if p.suffix.lower() in suffixes]
        if not found:
            raise ValueError(f'{path}: the folder has no image')
        _warn_of_others(path, [p.name for p in files if str(p) not in found])
        images += found
    return images


def _warn_of_others(folder: str, names: List[str]) -> None:
    """Name the files of a folder that are not taken for images."""
    if names:
        more = f' and {len(names) - _SHOWN} more' * (len(names) > _SHOWN)
        print_log(
            f'{folder}: {len(names)} files are passed over, their suffix is '
            f'of no image: {", ".join(names[:_SHOWN])}{more}',
            'current',
            logging.WARNING,
        )
