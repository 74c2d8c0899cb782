"""Frames out of a video, by their numbers, and onto the disk."""

from pathlib import Path
from typing import Sequence, Tuple

import cv2
import numpy as np

from integral_mmpose.datasets.checks import require_file

JPEG_QUALITY = 95
#: A video may end a little before its poses: so many frames are left out.
MAX_LOST_FRAMES = 5


def write_image(path: Path, image: np.ndarray) -> None:
    """Write a JPEG: whole or not there, and never into a link's target.

    It is not waited for (fsync), as it is one of many.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    code = cv2.imencode('.jpg', image, options)[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix('.part')
    temporary.write_bytes(code.tobytes())
    temporary.replace(path)


class Video:
    """Frames of a video, read one after the other.

    Seeking in these files is not exact, so all frames are read.

    Args:
        path (str): The .mp4 or .avi.
        fix (str): What messages advise if it is missing or damaged.

    Raises:
        FileNotFoundError, ValueError: If it cannot be opened.
    """

    def __init__(self, path: str, fix: str = 'Download it again.'):
        require_file(path, 'the video', fix)
        self.path, self.fix = path, fix
        self.read_count = 0
        self._capture = cv2.VideoCapture(path)
        if not self._capture.isOpened():
            raise ValueError(f'{path}: not a readable video. {fix}')

    @property
    def size(self) -> Tuple[int, int]:
        """Width and height in px."""
        return (
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )

    def frames(self, numbers: Sequence[int]):
        """Read some frames by their 0-based numbers, which ascend.

        Yields:
            tuple: The number and the (h, w, 3) uint8 image; fewer than asked
            for if the video ends before.
        """
        wanted = iter(numbers)
        number = next(wanted, None)
        while number is not None and self._capture.grab():
            if self.read_count == number:
                good, image = self._capture.retrieve()
                if not good:
                    break
                yield number, image
                number = next(wanted, None)
            self.read_count += 1
        self._capture.release()

    def check_end(self, last: int) -> None:
        """Refuse a video that ended long before the 0-based frame ``last``."""
        if last + 1 - self.read_count > MAX_LOST_FRAMES:
            raise ValueError(
                f'{self.path}: the video ends after {self.read_count} frames, '
                f'but frame {last} has a pose. {self.fix}'
            )
