import cv2
import numpy as np
import pytest

from integral_mmpose.visualization import save_contact_sheet, save_image
from integral_mmpose.visualization.panel import beside


def _image(height=64, width=64):
    return np.full((height, width, 3), 60, np.uint8)


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


def test_beside_pads_with_white():
    row = beside([_image(3, 2), _image(5, 4)], gap=1)
    assert row.shape == (5, 7, 3)
    assert (row[3:, :2] == 255).all() and (row[:, 2] == 255).all()
