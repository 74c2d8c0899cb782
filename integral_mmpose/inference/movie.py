"""Write videos: H.264 with PyAV if installed, else MPEG-4 with OpenCV."""

import logging
import os
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any, Union

import cv2
import numpy as np

from .images import fit_within

try:
    import av
except ImportError:
    av = None

logger = logging.getLogger(__name__)


class MovieWriter:
    """Write an MP4 file picture by picture.

    The file is ``NAME.partial.mp4`` until it is closed, so a killed run keeps
    the file of an earlier one.

    Raises:
        OSError: At the first picture, if the file cannot be written; at the
            end, if it was not written whole, as on a full disk.
    """

    def __init__(self, path: Union[str, Path], fps: float) -> None:
        self.path, self.fps = Path(path), fps
        self.partial = self.path.with_suffix('.partial.mp4')
        self._writer: Any = None
        self._count = 0

    def add(self, picture: np.ndarray) -> None:
        """Append a picture (H, W, 3) uint8 RGB; the first has even sides."""
        if self._writer is None:
            height, width = picture.shape[:2]
            kind = _OpenCV if av is None else _PyAV
            if av is None:
                logger.warning(
                    f'{self.path}: is written as MPEG-4, which browsers do '
                    "not play: pip install 'integral_mmpose[video]' for H.264"
                )
            self._writer = kind(str(self.partial), self.fps, width, height)
            self._size = width, height
        # Frames of a folder differ in size; the first gives the movie's.
        self._writer.add(fit_within(picture, *self._size))
        self._count += 1

    def close(self) -> None:
        """Finish the file; OpenCV does not tell if it could not write it."""
        if self._writer is None:
            return
        try:
            self._writer.close()
            video = cv2.VideoCapture(str(self.partial))
            whole = int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == self._count
            video.release()
        except OSError:  # PyAV's
            whole = False
        if not whole:
            free_mb = shutil.disk_usage(self.partial.parent).free / 1e6
            self.partial.unlink()
            raise OSError(
                f'{self.path}: the video could not be written whole '
                f'({free_mb:.1f} MB are free); a file of an earlier run is '
                'untouched'
            )
        os.replace(self.partial, self.path)


class _PyAV:
    def __init__(self, path, fps, width, height) -> None:
        self._file = av.open(path, 'w')
        rate = Fraction(fps).limit_denominator(1001)
        self._stream = self._file.add_stream('libx264', rate=rate)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = 'yuv420p'

    def add(self, picture) -> None:
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(picture), format='rgb24'
        )
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._file.mux(self._stream.encode())
        self._file.close()


class _OpenCV:
    def __init__(self, path, fps, width, height) -> None:
        code = cv2.VideoWriter.fourcc(*'mp4v')
        self._writer = cv2.VideoWriter(path, code, fps, (width, height))
        if not self._writer.isOpened():
            raise OSError(f'{path}: cannot be written as a video')

    def add(self, picture) -> None:
        self._writer.write(np.ascontiguousarray(picture[..., ::-1]))

    def close(self) -> None:
        self._writer.release()
