"""Pinhole camera and the 2000 mm box."""

import numpy as np
import pytest

from integral_mmpose.geometry import (
    BOX_MM,
    back_project,
    box_side_px,
    project,
    root_depth_from_box,
    tight_to_box_px,
)

FOCAL = np.array([1145.0, 1143.5])
PRINCIPAL = np.array([512.5, 515.4])
MATRIX = np.array(
    [[FOCAL[0], 0, PRINCIPAL[0]], [0, FOCAL[1], PRINCIPAL[1]], [0, 0, 1]]
)


def scene(n=50):
    rng = np.random.default_rng(0)
    xy = rng.uniform(-1500, 1500, (n, 17, 2))
    return np.concatenate([xy, rng.uniform(2000, 8000, (n, 17, 1))], -1)


def test_hand_values():
    """x right, y down: f_x X / Z + c_x = 500 * 200 / 1000 + 50 = 150."""
    got = project(
        np.array([200.0, -100.0, 1000.0]),
        np.array([500.0, 400.0]),
        np.array([50.0, 60.0]),
    )
    assert got.tolist() == [150, 20, 1000]


def test_equals_the_homogeneous_camera_matrix():
    points = scene()
    homogeneous = points @ MATRIX.T
    got = project(points, FOCAL, PRINCIPAL)
    np.testing.assert_allclose(
        got[..., :2], homogeneous[..., :2] / homogeneous[..., 2:], rtol=1e-13
    )
    assert np.array_equal(got[..., 2], points[..., 2])


def test_equals_opencv():
    cv2 = pytest.importorskip('cv2')
    points = scene().reshape(-1, 3)
    expected, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), MATRIX, None
    )
    got = project(points, FOCAL, PRINCIPAL)[..., :2]
    assert np.abs(got - expected[:, 0]).max() <= 1e-9


def test_back_project_inverts_project():
    points = scene()
    got = back_project(project(points, FOCAL, PRINCIPAL), FOCAL, PRINCIPAL)
    assert got.dtype == points.dtype
    np.testing.assert_allclose(got, points, rtol=0, atol=1e-9)
    assert np.array_equal(points, scene())


def test_one_camera_for_each_pose():
    points = scene(2)
    focal = np.stack([FOCAL, FOCAL * 2])[:, None]
    principal = np.stack([PRINCIPAL, PRINCIPAL + 3])[:, None]
    got = project(points, focal, principal)
    for i in range(2):
        assert np.array_equal(
            got[i], project(points[i], focal[i, 0], principal[i, 0])
        )


@pytest.mark.parametrize('depth', [0.0, -5.0, float('nan')])
def test_behind_the_camera(depth):
    with pytest.raises(ValueError, match='in front of the camera'):
        project(
            np.array([[0.0, 0.0, 10.0], [1.0, 2.0, depth]]), FOCAL, PRINCIPAL
        )


def test_empty():
    assert project(np.zeros((0, 3)), FOCAL, PRINCIPAL).shape == (0, 3)


def test_box_side_is_the_projection_of_2000_mm():
    """Two points 2 m apart at the root's depth are one side apart."""
    focal, depth = np.array([1000.0, 1000.0]), 5000.0
    ends = project(
        np.array([[-1000.0, 0.0, depth], [1000.0, 0.0, depth]]),
        focal,
        PRINCIPAL,
    )
    side = box_side_px(np.array(depth), focal)
    assert side == ends[1, 0] - ends[0, 0] == 400
    assert box_side_px(np.array(depth), focal, 1000.0) == 200
    assert BOX_MM == 2000


def test_box_side_of_a_batch_uses_the_mean_focal_length():
    focal = np.array([[900.0, 1100.0], [500.0, 700.0]])
    side = box_side_px(np.array([4000.0, 1000.0]), focal)
    assert side.tolist() == [500, 1200]


def test_root_depth_inverts_the_2000_mm_box():
    """The box of a body 5 m away gives 5 m, in one line and in a batch."""
    focal = np.array([[900.0, 1100.0], [1000.0, 1000.0], [700.0, 700.0]])
    depth = np.array([5000.0, 3000.0, 8000.0])
    # The sides of a 2000 mm square, each by its own focal length.
    found = root_depth_from_box(2000.0 * focal / depth[:, None], focal)
    np.testing.assert_allclose(found, depth, rtol=1e-14)


def test_root_depth_is_rootnets_k():
    """RootNet's own arithmetic: sqrt(2000 * 2000 * fx * fy / area)."""
    k = (2000 * 2000 * 1145.0 * 1143.5 / (300.0 * 500.0)) ** 0.5
    found = root_depth_from_box(np.array([300.0, 500.0]), FOCAL)
    assert found == pytest.approx(k, rel=1e-14)
    # Half the assumed size, half the depth; not a quarter.
    half = root_depth_from_box(np.array([300.0, 500.0]), FOCAL, 1000.0)
    assert half == pytest.approx(k / 2, rel=1e-14)


def test_root_depth_takes_any_body_for_one_of_2000_mm():
    """A body 1.3 times as large and as far away looks the same."""
    points = scene(4) * 0.4 + [0, 0, 4000]
    found = []
    for scale in (1.0, 1.3):
        px = project(points * scale, FOCAL, PRINCIPAL)[..., :2]
        size = tight_to_box_px(px.max(1) - px.min(1))
        found.append(root_depth_from_box(size, FOCAL))
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_tight_box_becomes_a_square_of_its_longer_side():
    found = tight_to_box_px(np.array([[100.0, 320.0], [64.0, 8.0]]))
    assert found.tolist() == [[400, 400], [80, 80]]


@pytest.mark.parametrize(
    'box, focal, message',
    [
        ([0.0, 5.0], [900.0, 900.0], 'box_px must be positive'),
        ([float('nan'), 5.0], [900.0, 900.0], 'box_px must be positive'),
        ([5.0, 5.0], [900.0, -900.0], 'focal must be positive'),
        ([5.0, 5.0, 5.0], [900.0, 900.0], 'box_px'),
        ([5.0, 5.0], [900.0], 'focal'),
    ],
)
def test_wrong_box_or_focal_length(box, focal, message):
    with pytest.raises(ValueError, match=message):
        root_depth_from_box(np.array(box), np.array(focal))


@pytest.mark.parametrize('function', [project, back_project])
def test_homogeneous_points_are_refused(function):
    with pytest.raises(ValueError, match='the axis 3 must have the size 3'):
        function(np.ones((2, 4)), FOCAL, PRINCIPAL)
