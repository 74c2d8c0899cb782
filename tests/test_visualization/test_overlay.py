import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets.joints import build_metainfo
from integral_mmpose.geometry.colors import LEFT, MIDDLE, RIGHT
from integral_mmpose.visualization import (
    draw_skeleton_2d,
    enlarge,
    skeleton_from_metainfo,
)
from integral_mmpose.visualization.overlay import write_labels

METAINFO = build_metainfo(
    'wrists', ['root', 'left_wrist', 'right_wrist'], [], [0] * 3
)
SKELETON = skeleton_from_metainfo(parse_pose_metainfo(METAINFO))
POINTS = np.array([[150.0, 40.0], [250.0, 100.0], [50.0, 100.0]])


def _grey(height=200, width=300):
    return np.full((height, width, 3), 77, np.uint8)


def _at(picture, point):
    x, y = np.rint(point).astype(int)
    return tuple(picture[y, x].tolist())


def test_each_joint_has_the_colour_of_its_side_and_bones_lie_between():
    picture = draw_skeleton_2d(_grey(), POINTS, SKELETON, min_side=0)
    assert [_at(picture, p) for p in POINTS] == [MIDDLE, LEFT, RIGHT]
    assert _at(picture, POINTS[[0, 1]].mean(0)) == LEFT
    assert _at(picture, POINTS[[0, 2]].mean(0)) == RIGHT


def test_nothing_is_drawn_away_from_the_bones():
    picture = draw_skeleton_2d(_grey(), POINTS, SKELETON, min_side=0)
    y, x = np.mgrid[:200, :300]
    near = np.zeros((200, 300), bool)
    for a, b in SKELETON.links:
        for t in np.linspace(0, 1, 200):
            px, py = POINTS[a] * (1 - t) + POINTS[b] * t
            near |= (x - px) ** 2 + (y - py) ** 2 < 7**2
    changed = (picture != 77).any(-1)
    assert changed.any() and not changed[~near].any()


def test_the_image_is_not_modified():
    for side in (0, 512):
        image = _grey()
        draw_skeleton_2d(image, POINTS, SKELETON, min_side=side)
        assert (image == 77).all()


def test_joints_below_the_threshold_are_left_out_with_their_bones():
    picture = draw_skeleton_2d(
        _grey(), POINTS, SKELETON, np.array([1, 0.29, 1]), 0.3, 0
    )
    assert _at(picture, POINTS[1]) == (77, 77, 77)
    assert _at(picture, POINTS[[0, 1]].mean(0)) == (77, 77, 77)
    assert _at(picture, POINTS[2]) == RIGHT


def test_low_confidence_is_fainter_and_smaller():
    pictures = [
        draw_skeleton_2d(
            _grey(), POINTS, SKELETON, np.array([0, s, 0]), 0.3, 0
        ).astype(int)
        for s in (0.4, 1.0)
    ]
    faint, strong = [abs(p - 77).sum(-1) for p in pictures]
    assert 0 < faint.max() < strong.max()
    assert 0 < (faint > 0).sum() < (strong > 0).sum()


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf, 1e30])
def test_joints_that_are_not_finite_or_far_away_are_left_out(bad):
    points = POINTS.copy()
    points[1, 0] = bad
    picture = draw_skeleton_2d(_grey(), points, SKELETON, min_side=0)
    assert not (picture == LEFT).all(-1).any()
    assert _at(picture, POINTS[2]) == RIGHT


def test_a_joint_outside_the_image_keeps_its_bone_inside():
    points = POINTS.copy()
    points[1] = (350.0, -20.0)
    picture = draw_skeleton_2d(_grey(), points, SKELETON, min_side=0)
    assert _at(picture, points[[0, 1]].mean(0)) == LEFT


def test_enlarging_keeps_a_joint_on_its_pixel():
    """Pixel 5 of a 32-px image becomes 40..47: its middle is 43.5.

    The left-edge reading, 40, would be 3.5 px away.
    """
    image = np.zeros((32, 32, 3), np.uint8)
    image[7, 5] = 255
    large, points = enlarge(image, np.array([5.0, 7.0]), 256)
    mass = large[..., 0].astype(float)
    y, x = np.mgrid[:256, :256]
    centre = [(mass * x).sum() / mass.sum(), (mass * y).sum() / mass.sum()]
    np.testing.assert_allclose(points, [43.5, 59.5])
    np.testing.assert_allclose(points, centre, atol=0.05)


def test_points_with_depth_are_taken():
    points = np.concatenate([POINTS, np.ones((3, 1))], 1)
    picture = draw_skeleton_2d(_grey(), points, SKELETON, min_side=0)
    np.testing.assert_array_equal(
        picture, draw_skeleton_2d(_grey(), POINTS, SKELETON, min_side=0)
    )


@pytest.mark.parametrize(
    'image, points, message',
    [
        (None, POINTS, 'got object with the shape'),
        ([[1, 2]], POINTS, 'got int64 with the shape'),
        (np.zeros((8, 8, 3)), POINTS, 'uint8'),
        (np.zeros((8, 8, 4), np.uint8), POINTS, 'image'),
        (np.zeros((0, 8, 3), np.uint8), POINTS, 'shape'),
        (np.zeros((8, 8, 3), np.uint8), POINTS[:2], 'keypoints_px'),
    ],
)
def test_wrong_arguments_are_named(image, points, message):
    with pytest.raises(ValueError, match=message):
        draw_skeleton_2d(image, points, SKELETON)


def test_labels_stay_near_their_points_and_skip_nan():
    picture = _grey()
    write_labels(picture, np.array([[np.nan, 5.0], [100.0, 100.0]]), [1, 2])
    y, x = np.nonzero((picture != 77).any(-1))
    assert 98 < x.min() and x.max() < 130 and 80 < y.min() and y.max() < 102
