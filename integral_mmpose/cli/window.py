"""The window of --show."""

import subprocess
import sys

import cv2
import numpy as np


def check_display() -> None:
    """Raise ValueError without a display: Qt aborts its process."""
    command = [sys.executable, '-c', 'import cv2; cv2.namedWindow("poses")']
    if subprocess.run(command, capture_output=True).returncode:
        raise ValueError('--show: there is no display. Omit --show')


def window_closed(picture: np.ndarray, wait_ms: int = 1) -> bool:
    """Show a picture; whether the user pressed Esc."""
    cv2.imshow('poses', np.ascontiguousarray(picture[..., ::-1]))
    return cv2.waitKey(wait_ms) & 0xFF == 27
