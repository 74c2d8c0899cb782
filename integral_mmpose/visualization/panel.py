"""Arrange and save pictures."""

import os
from typing import Sequence

import cv2
import numpy as np

from integral_mmpose.files import write_atomically

#: Px between pictures side by side.
GAP = 4


def save_contact_sheet(
    panels: Sequence[np.ndarray], path: str, columns: int = 1
) -> np.ndarray:
    """Save panels (H, W, 3) uint8 RGB of any sizes as one picture.

    Returns:
        np.ndarray: The sheet, RGB.

    Raises:
        ValueError: If there is no panel.
    """
    if not len(panels) or columns < 1:
        raise ValueError(
            f'a contact sheet needs panels and columns >= 1, got '
            f'{len(panels)} panels and columns={columns}'
        )
    height = max(panel.shape[0] for panel in panels)
    width = max(panel.shape[1] for panel in panels)
    rows = -(-len(panels) // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for i, panel in enumerate(panels):
        y, x = i // columns * height, i % columns * width
        sheet[y : y + panel.shape[0], x : x + panel.shape[1]] = panel
    save_image(sheet, path)
    return sheet


def save_image(image: np.ndarray, path: str) -> None:
    """Write an RGB image, and create its folder.

    Raises:
        ValueError: If the suffix of ``path`` is no image format.
        OSError: If the file cannot be written.
    """
    suffix = os.path.splitext(path)[1]
    try:
        data = cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]))[1]
    except cv2.error as error:
        raise ValueError(
            f'{path}: the suffix {suffix!r} is no image format; use .png or '
            '.jpg'
        ) from error
    write_atomically(path, data.tobytes())


def beside(cells: Sequence[np.ndarray], gap: int = GAP) -> np.ndarray:
    """Put pictures beside each other, white between and below them."""
    height = max(cell.shape[0] for cell in cells)
    padded = [fit_canvas(c, c.shape[1] + gap, height) for c in cells]
    picture = np.concatenate(padded, 1)
    return picture[:, : picture.shape[1] - gap]


def fit_canvas(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pad a picture with white at the right and below, or cut it there."""
    canvas = np.full((height, width, 3), 255, np.uint8)
    part = picture[:height, :width]
    canvas[: part.shape[0], : part.shape[1]] = part
    return canvas
