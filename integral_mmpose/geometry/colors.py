"""Colours of the joints: RGB, 0 to 255, as in MMPose."""

from typing import Tuple

Color = Tuple[int, int, int]

LEFT: Color = (0, 255, 0)
RIGHT: Color = (255, 128, 0)
MIDDLE: Color = (51, 153, 255)
