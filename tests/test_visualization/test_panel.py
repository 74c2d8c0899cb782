import cv2
import numpy as np
import pytest

from integral_mmpose.datasets.joints import build_metainfo
from integral_mmpose.geometry.colors import LEFT
from integral_mmpose.visualization import (
    draw_panel,
    save_contact_sheet,
    save_image,
    skeleton_from_metainfo,
)
from integral_mmpose.visualization.panel import beside, fit_height

SKELETON = skeleton_from_metainfo(
    build_metainfo('wrist', ['root', 'left_wrist'], [], [0, 0])
)
PIXELS = np.array([[10.0, 30.0], [50.0, 12.0]])
POSE = np.array([[0.0, 0.0, 4000.0], [600.0, -300.0, 3800.0]])


def _image(height=64, width=64):
    return np.full((height, width, 3), 60, np.uint8)


def test_a_panel_is_input_overlay_and_two_views():
    panel = draw_panel(
        _image(),
        PIXELS,
        POSE,
        SKELETON,
        gt_mm=POSE,
        scores=np.ones(2),
        title='I* $ x_y',
        size=128,
    )
    assert panel.shape == (128 + 26, 4 * 128 + 2 * 4, 3)
    picture = panel[26:]
    assert (picture[:, :128] == 60).all()  # the input has no drawing
    x, y = np.rint((PIXELS[1] + 0.5) * 2 - 0.5).astype(int)
    assert tuple(picture[y, 132 + x]) == LEFT
    for first in (264, 392):
        assert (picture[:, first : first + 128] < 250).any()
    assert (panel[:26] < 128).any()  # the title


def test_without_a_3d_pose_the_views_are_left_out():
    panel = draw_panel(_image(100, 50), PIXELS, None, SKELETON, size=100)
    assert panel.shape == (126, 104, 3)
    assert (panel[:26] == 255).all()  # no title


def test_a_large_image_shrinks_to_the_height():
    panel = draw_panel(_image(900, 600), PIXELS * 10, None, SKELETON, size=300)
    assert panel.shape == (326, 404, 3)


def test_a_contact_sheet_holds_every_panel_in_reading_order(tmp_path):
    panels = [
        np.full((h, w, 3), v, np.uint8)
        for h, w, v in ((4, 9, 10), (6, 5, 20), (3, 3, 30))
    ]
    path = tmp_path / 'new' / 'sheet.png'
    save_contact_sheet(panels, str(path), columns=2)
    sheet = cv2.imread(str(path))
    assert sheet.shape == (12, 18, 3)
    assert (sheet[:4, :9] == 10).all() and (sheet[4:6, :9] == 255).all()
    assert (sheet[:6, 9:14] == 20).all() and (sheet[6:9, :3] == 30).all()


def test_files_keep_the_colours(tmp_path):
    path = tmp_path / 'bild_ä.png'
    save_image(np.full((2, 3, 3), (200, 100, 50), np.uint8), str(path))
    data = np.frombuffer(path.read_bytes(), np.uint8)
    assert cv2.imdecode(data, 1)[0, 0].tolist() == [50, 100, 200]  # BGR


def test_what_cannot_be_saved_is_refused(tmp_path):
    with pytest.raises(ValueError, match='0 panels'):
        save_contact_sheet([], str(tmp_path / 'x.png'))
    with pytest.raises(ValueError, match='x.nothing'):
        save_image(_image(), str(tmp_path / 'x.nothing'))


def test_beside_pads_with_white_and_fit_height_keeps_the_aspect():
    row = beside([_image(3, 2), _image(5, 4)], gap=1)
    assert row.shape == (5, 7, 3)
    assert (row[3:, :2] == 255).all() and (row[:, 2] == 255).all()
    assert fit_height(_image(40, 60), 20).shape == (20, 30, 3)


def test_views_of_arrays_are_taken_as_images():
    """cv2 reads BGR; image[..., ::-1] has a negative stride."""
    image = _image()
    image[..., 0] = 200
    panel = draw_panel(image[..., ::-1], PIXELS, None, SKELETON, size=128)
    assert tuple(panel[30, 3]) == (60, 60, 200)


def test_a_grey_image_is_drawn_as_one_of_three_equal_channels():
    grey = np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)
    rgb = grey[..., None].repeat(3, -1)
    panels = [
        draw_panel(image, PIXELS / 10, None, SKELETON, size=90)
        for image in (grey, rgb)
    ]
    np.testing.assert_array_equal(*panels)
