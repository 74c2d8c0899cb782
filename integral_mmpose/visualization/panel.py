"""One row of pictures for one person, and sheets of such rows."""

import os
from typing import Optional, Sequence

import cv2
import numpy as np

from integral_mmpose.files import write_atomically

from .figure import canvas_to_rgb, new_figure
from .overlay import as_rgb, draw_skeleton_2d, enlarge
from .skeleton import Skeleton
from .views import render_views

_TITLE_PX = 26


def draw_panel(
    image: np.ndarray,
    keypoints_px: np.ndarray,
    keypoints_mm: Optional[np.ndarray],
    skeleton: Skeleton,
    gt_mm: Optional[np.ndarray] = None,
    scores: Optional[np.ndarray] = None,
    title: str = '',
    score_thr: float = 0.3,
    size: int = 320,
) -> np.ndarray:
    """Input | 2D overlay | 3D from the camera | 3D from the side.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.
        keypoints_px (np.ndarray): (K, 2 or 3) image px.
        keypoints_mm (np.ndarray, optional): (K, 3) camera space mm, absolute
            or relative to the root; None leaves the 3D views out.
        skeleton (Skeleton): Bones and colours.
        gt_mm (np.ndarray, optional): (K, 3) the true pose, in grey.
        scores (np.ndarray, optional): (K,) confidence in [0, 1].
        title (str): Line above the panel.
        score_thr (float): Joints below it are skipped. Defaults to 0.3.
        size (int): Height of the pictures in px. Defaults to 320.

    Returns:
        np.ndarray: (size + 26, W', 3) uint8 RGB.
    """
    overlay = draw_skeleton_2d(
        image, keypoints_px, skeleton, scores, score_thr, size
    )
    plain, _ = enlarge(as_rgb(image), np.zeros(2), size)
    cells = [fit_height(plain, size), fit_height(overlay, size)]
    if keypoints_mm is not None:
        cells.append(
            render_views(
                keypoints_mm, skeleton, gt_mm, scores, score_thr, size
            )
        )
    return add_title(beside(cells), title)


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
    """Write an RGB image, making its folder.

    Raises:
        ValueError: If the ending of ``path`` is no image format.
        OSError: If the file cannot be written.
    """
    suffix = os.path.splitext(path)[1]
    try:
        data = cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]))[1]
    except cv2.error as error:
        raise ValueError(
            f'{path}: cannot write {suffix or "no ending"} images; end it '
            'with .png or .jpg'
        ) from error
    write_atomically(path, data.tobytes())


def fit_height(image: np.ndarray, height: int) -> np.ndarray:
    """Resize to a height, keeping the aspect ratio."""
    if image.shape[0] == height:
        return image
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    shrink = image.shape[0] > height
    return cv2.resize(
        image,
        (width, height),
        interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR,
    )


def beside(cells: Sequence[np.ndarray], gap: int = 4) -> np.ndarray:
    """Put pictures beside each other, white between and below them."""
    height = max(cell.shape[0] for cell in cells)
    padded = [fit_canvas(c, c.shape[1] + gap, height) for c in cells]
    picture = np.concatenate(padded, 1)
    return picture[:, : picture.shape[1] - gap]


def fit_canvas(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Fill a picture at its right and lower side, in white.

    What is larger is cut off.
    """
    canvas = np.full((height, width, 3), 255, np.uint8)
    part = picture[:height, :width]
    canvas[: part.shape[0], : part.shape[1]] = part
    return canvas


def add_title(picture: np.ndarray, title: str) -> np.ndarray:
    """Put a line of text above a picture."""
    width = picture.shape[1]
    figure = new_figure((width / 100, _TITLE_PX / 100), dpi=100)
    figure.text(
        6 / width, 0.5, title, fontsize=10, va='center', parse_math=False
    )
    strip = canvas_to_rgb(figure)[:_TITLE_PX, :width]
    strip = cv2.resize(strip, (width, _TITLE_PX))
    return np.concatenate([strip, picture])
