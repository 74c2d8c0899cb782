"""Frames out of a video, by their numbers, and onto the disk."""

from pathlib import Path
from typing import Callable, Dict, Set, Tuple

import cv2
import numpy as np

from integral_mmpose.datasets.checks import require_file
from integral_mmpose.files import made_beside

JPEG_QUALITY = 95
#: A video may end a little before its poses: so many frames are left out.
MAX_LOST_FRAMES = 5


def write_image(path: Path, image: np.ndarray) -> None:
    """Write a JPEG: whole or not there, and never into a link's target."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    code = cv2.imencode('.jpg', image, options)[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    with made_beside(path) as temporary:
        temporary.write_bytes(code.tobytes())


def extract_frames(
    video: str,
    paths: Dict[int, Path],
    fix: str,
    edit: Callable = lambda frame, image: image,
) -> Tuple[Set[int], Tuple[int, int]]:
    """Write frames of a video as images.

    Seeking in these files is not exact, so all frames are read.

    Args:
        video (str): The .mp4 or .avi.
        paths (dict): 0-based number of a frame -> the image to write.
        fix (str): What messages advise if it is missing or damaged.
        edit (callable): Frame and (h, w, 3) uint8 image -> image to write.

    Returns:
        tuple: The frames that are written, and w, h of the video in px.

    Raises:
        FileNotFoundError, ValueError: If it cannot be opened, or ends long
            before the last frame.
    """
    require_file(video, 'the video', fix)
    capture = cv2.VideoCapture(video)
    if not capture.isOpened():
        raise ValueError(f'{video}: not a readable video. {fix}')
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    written, frame, last = set(), 0, max(paths)
    while frame <= last and capture.grab():
        if frame in paths:
            good, image = capture.retrieve()
            if not good:
                break
            write_image(paths[frame], edit(frame, image))
            written.add(frame)
        frame += 1
    capture.release()
    if last + 1 - frame > MAX_LOST_FRAMES:
        raise ValueError(
            f'{video}: the video ends after {frame} frames, but frame {last} '
            f'has a pose. {fix}'
        )
    return written, (width, height)
