"""px and relative mm -> mm: the projection of a known pose comes back."""

from dataclasses import replace

import numpy as np
import pytest

from integral_mmpose.geometry import project
from integral_mmpose.inference import Pose
from integral_mmpose.inference.frames import Frame
from integral_mmpose.inference.placement import PersonPlacer, Placement

CAMERA = dict(fx=1000, fy=1100, cx=300, cy=200)
FRAME = Frame('photos/a.jpg', np.zeros((400, 600, 3), np.uint8))
BOXES = np.array([[100, 50, 200, 370, 1], [0, 0, 160, 80, 1]], np.float32)


@pytest.fixture
def truth():
    """Five joints in camera space, the root (number 1) 4 m away."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-500, 500, (5, 3))
    points[:, 2] += 4000 - points[1, 2]
    return points


def test_a_projected_pose_comes_back(truth):
    placer = PersonPlacer(2000.0, 1, CAMERA, root_depth=4000)
    place = placer.places(FRAME, BOXES[:1])[0]
    assert place.mm_per_px == pytest.approx(4000 / 1050)
    pixels = project(truth, place.camera.focal, place.camera.principal)
    pixels[:, 2] -= 4000
    found = placer.fields(Pose(pixels, np.ones(5), 125.0), place)
    np.testing.assert_allclose(found['keypoints_camera_mm'], truth)
    np.testing.assert_allclose(found['keypoints_3d_mm'], truth - truth[1])
    assert found['root_depth_mm'] == 4000


def test_a_root_that_is_not_at_zero_is_moved(truth):
    """The network's z of the root is near 0 only; the depth is given."""
    placer = PersonPlacer(2000.0, 1, CAMERA, root_depth=4000)
    place = placer.places(FRAME, BOXES[:1])[0]
    pixels = project(truth, place.camera.focal, place.camera.principal)
    pixels[:, 2] += 17
    found = placer.fields(Pose(pixels, np.ones(5), 125.0), place)
    np.testing.assert_allclose(found['keypoints_camera_mm'], truth)


def test_estimated_depth():
    """By hand: 2000 mm over 1.25 x 320 = 400 px, f = sqrt(1000 x 1100)."""
    expected = 2000 * np.sqrt(1000 * 1100) / np.array([400, 200])
    for root_depth in (None, 'estimate'):
        placer = PersonPlacer(2000.0, 0, CAMERA, root_depth)
        depths = [p.root_depth_mm for p in placer.places(FRAME, BOXES)]
        np.testing.assert_allclose(depths, expected)


def test_weak_perspective_without_a_camera():
    """2000 mm over a crop of 125 px are 16 mm a pixel."""
    placer = PersonPlacer(2000.0, 0)
    assert placer.places(FRAME, BOXES) == [Placement(), Placement()]
    points = np.array([[50.0, 60, 0], [55, 50, 40]])
    found = placer.fields(Pose(points, np.ones(2), 125.0), Placement())
    assert list(found) == ['keypoints_3d_mm']
    np.testing.assert_allclose(found['keypoints_3d_mm'][1], [80, -160, 40])


def test_a_2d_pose_has_no_mm():
    pose = Pose(np.zeros((5, 2)), np.ones(5), 125.0)
    assert PersonPlacer(None, 0).fields(pose, Placement()) == {}


def test_depths_by_image():
    placer = PersonPlacer(2000.0, 0, CAMERA, {'a.jpg': [3000, 5000.5]})
    found = [p.root_depth_mm for p in placer.places(FRAME, BOXES)]
    assert found == [3000, 5000.5]
    with pytest.raises(ValueError, match='must be a list of 1 depths, one'):
        placer.places(FRAME, BOXES[:1])
    with pytest.raises(ValueError, match='no entry for b.jpg'):
        placer.places(replace(FRAME, name='b.jpg'), BOXES)
    for depths in ([3000, None], [[3000], [1, 2]], [[3000, 3000]] * 2):
        placer = PersonPlacer(2000.0, 0, CAMERA, {'a.jpg': depths})
        with pytest.raises(ValueError, match='positive and in mm, got .*3000'):
            placer.places(FRAME, BOXES)
    placer = PersonPlacer(2000.0, 0, CAMERA, {'a.jpg': 3000})
    found = [p.root_depth_mm for p in placer.places(FRAME, BOXES)]
    assert found == [3000, 3000]


@pytest.mark.parametrize('bad', [0, -1, float('nan'), float('inf'), True])
def test_depths_that_are_none(bad):
    with pytest.raises(ValueError, match='positive number of mm'):
        PersonPlacer(2000.0, 0, CAMERA, bad)


@pytest.mark.parametrize('number', [np.float32(4000), np.int64(4000), 4000])
def test_a_depth_may_be_a_number_of_numpy(number):
    places = PersonPlacer(2000.0, 0, CAMERA, number).places(FRAME, BOXES)
    assert [place.root_depth_mm for place in places] == [4000, 4000]
    with pytest.raises(ValueError, match='root_depth must be'):
        PersonPlacer(2000.0, 0, CAMERA, True)


def test_arguments_that_do_not_belong_together():
    with pytest.raises(ValueError, match='root_depth must be'):
        PersonPlacer(2000.0, 0, CAMERA, 'guess')
    with pytest.raises(ValueError, match='`root_depth` needs a camera'):
        PersonPlacer(2000.0, 0, None, 4000)
    with pytest.raises(ValueError, match='requires a 3D model'):
        PersonPlacer(None, 0, CAMERA)


@pytest.mark.parametrize('depth', [4.0, 4e6])
def test_metres_instead_of_mm_are_seen(depth):
    """The volume shrinks with the depth, so no joint need lie behind."""
    placer = PersonPlacer(2000.0, 0, CAMERA, root_depth=depth)
    with pytest.raises(ValueError, match=r'4(e\+06)? mm for a box that sugg'):
        placer.places(FRAME, BOXES[:1])


def test_joints_behind_the_camera_are_seen():
    placer = PersonPlacer(2000.0, 0, CAMERA, root_depth=400.0)
    place = placer.places(FRAME, BOXES[:1])[0]
    points = np.array([[50.0, 60, 0], [55, 50, -401]])
    with pytest.raises(ValueError, match='400 mm puts joints behind the cam'):
        placer.fields(Pose(points, np.ones(2), 125.0), place)
