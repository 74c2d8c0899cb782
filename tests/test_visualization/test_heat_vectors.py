import numpy as np
import pytest
import torch

from integral_mmpose.functional import HeatVectors, marginals
from integral_mmpose.visualization import draw_heat_vectors, overlay_heatmaps
from integral_mmpose.visualization import heat_vectors as module


def _hot(height, width, y, x):
    heat = np.zeros((height, width), np.float32)
    heat[y, x] = 1
    return heat


def test_a_bin_is_drawn_on_the_pixel_it_stands_for():
    """Left edge: bin 5 of 16 over 64 px is pixel 20, not 21.5."""
    image = np.full((64, 64, 3), 100, np.uint8)
    picture = overlay_heatmaps(image, _hot(16, 16, 3, 5)[None])
    changed = abs(picture.astype(float) - 100).sum(-1)
    y, x = np.mgrid[:64, :64]
    centre = [(changed * v).sum() / changed.sum() for v in (x, y)]
    np.testing.assert_allclose(centre, [20, 12], atol=0.3)


def test_the_image_stays_where_there_is_no_heat_and_itself():
    image = np.full((64, 64, 3), 100, np.uint8)
    picture = overlay_heatmaps(image, torch.from_numpy(_hot(16, 16, 3, 5)))
    assert (picture[40:, 40:] == 100).all() and (image == 100).all()


def test_broad_and_narrow_joints_are_equally_visible():
    image = np.full((32, 32, 3), 100, np.uint8)
    maps = np.stack([_hot(32, 32, 4, 4), 0.01 * _hot(32, 32, 20, 20)])
    picture = overlay_heatmaps(image, maps)
    assert (picture[4, 4] == picture[20, 20]).all()
    assert (picture[4, 4] != 100).any()


@pytest.mark.parametrize(
    'maps', [np.zeros((2, 8, 8)), np.full((2, 8, 8), np.nan)]
)
def test_empty_maps_leave_the_image(maps):
    image = np.full((32, 32, 3), 100, np.uint8)
    assert (overlay_heatmaps(image, maps) == 100).all()


def test_the_lines_stand_at_the_expectations(monkeypatch):
    """x: bins 2 and 4 of 8, a half each, over 64 px: 3 * 8 = 24 px.

    y: bin 6 of 8 over 32 px: 24 px. z: bin 1 of 4 over 2000 mm: -500 mm.
    """
    figures = []
    real = module.canvas_to_rgb
    monkeypatch.setattr(
        module, 'canvas_to_rgb', lambda f: (figures.append(f), real(f))[1]
    )
    logits = torch.full((1, 1, 4, 8, 8), -1e4)
    logits[0, 0, 1, 6, [2, 4]] = 0
    vectors = marginals(logits)
    vectors = HeatVectors(*[v[0, 0] for v in vectors])
    image = np.full((32, 64, 3), 100, np.uint8)
    picture = draw_heat_vectors(
        image, logits.softmax(-1)[0, 0, 1], vectors, 'left_wrist'
    )
    assert picture.ndim == 3 and picture.dtype == np.uint8
    main, top, right, depth = figures[0].axes
    assert main.lines[0].get_xdata()[0] == pytest.approx(24)
    assert main.lines[1].get_ydata()[0] == pytest.approx(24)
    assert depth.lines[0].get_xdata()[0] == pytest.approx(-500)
    heights = [bar.get_height() for bar in top.patches]
    np.testing.assert_allclose(heights, [0, 0, 0.5, 0, 0.5, 0, 0, 0])
    centres = [bar.get_x() + bar.get_width() / 2 for bar in top.patches]
    np.testing.assert_allclose(centres, np.arange(8) * 8.0)
    assert [bar.get_width() for bar in right.patches][6] == pytest.approx(1)


def test_the_lines_stand_where_the_joint_is_given(monkeypatch):
    """(0.75, 0.25, 0.5 + 0.1) of 64 x 32 px and 1000 mm."""
    figures = []
    real = module.canvas_to_rgb
    monkeypatch.setattr(
        module, 'canvas_to_rgb', lambda f: (figures.append(f), real(f))[1]
    )
    vectors = HeatVectors(np.ones(8) / 8, np.ones(4) / 4, np.ones(4) / 4)
    draw_heat_vectors(
        np.zeros((32, 64, 3), np.uint8),
        np.ones((4, 8)) / 32,
        vectors,
        depth_range_mm=1000,
        joint=(0.75, 0.25, 0.6),
    )
    main, top, right, depth = figures[0].axes
    assert main.lines[0].get_xdata()[0] == top.lines[0].get_xdata()[0] == 48
    assert main.lines[1].get_ydata()[0] == right.lines[0].get_ydata()[0] == 8
    assert depth.lines[0].get_xdata()[0] == pytest.approx(100)
    assert top.get_title(loc='right') == 'x = 48.0 px'


def test_2d_has_no_depth_and_wrong_sizes_are_named():
    image = np.full((32, 64, 3), 100, np.uint8)
    vectors = HeatVectors(np.ones(8) / 8, np.ones(4) / 4, None)
    with_depth = vectors._replace(z=np.ones(4) / 4)
    heat = np.ones((4, 8)) / 32
    assert (
        draw_heat_vectors(image, heat, vectors).shape[1]
        < (draw_heat_vectors(image, heat, with_depth).shape[1])
    )
    with pytest.raises(ValueError, match='vectors.x'):
        draw_heat_vectors(image, np.ones((8, 4)), vectors)
