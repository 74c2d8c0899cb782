import numpy as np
import pytest
from matplotlib.figure import Figure
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mpl_toolkits.mplot3d import proj3d

from integral_mmpose.datasets.joints import H36M18_METAINFO
from integral_mmpose.geometry import weak_perspective_mm
from integral_mmpose.geometry.colors import LEFT, RIGHT
from integral_mmpose.visualization import (
    draw_skeleton_3d,
    render_views,
    skeleton_from_metainfo,
)
from integral_mmpose.visualization.views import VIEWS

SKELETON = skeleton_from_metainfo(parse_pose_metainfo(H36M18_METAINFO))
HEAD, LEFT_FOOT, LEFT_WRIST = 10, 6, 13


def _standing():
    """Facing the camera 4 m away, left arm up: camera mm, y down."""
    pose = np.array(
        [
            (0, 0, 0),
            (-130, 0, 0),
            (-130, 450, 0),
            (-130, 900, 0),
            (130, 0, 0),
            (130, 450, -60),
            (130, 900, 0),
            (0, -230, 0),
            (0, -480, 0),
            (0, -580, -120),
            (0, -720, 0),
            (170, -450, 0),
            (300, -690, 0),
            (400, -920, -100),
            (-170, -450, 0),
            (-210, -170, 40),
            (-220, 80, -60),
            (0, -450, 0),
        ],
        float,
    )
    return pose + (0, 0, 4000)


def _axes():
    return Figure().add_subplot(projection='3d')


def _on_screen(axes, xyz):
    return np.array(proj3d.proj_transform(*xyz, axes.get_proj())[:2])


def _mask(picture, color):
    """Where a joint's colour, darkened to 0.8 for white paper, is."""
    return (abs(picture.astype(int) - np.array(color) * 0.8) < 12).all(-1)


def test_the_axes_have_one_scale():
    axes = _axes()
    draw_skeleton_3d(axes, _standing() * (1, 2, 0.5), SKELETON)
    spans = np.ptp([axes.get_xlim(), axes.get_ylim(), axes.get_zlim()], 1)
    np.testing.assert_allclose(spans / spans[0], 1)
    box = axes.get_box_aspect()
    np.testing.assert_allclose(box / box[0], 1)


@pytest.mark.parametrize('view', [(10, -75), (10, -5)])
def test_up_is_up_on_the_screen(view):
    axes = _axes()
    draw_skeleton_3d(axes, _standing(), SKELETON)
    axes.view_init(*view)
    lines = [np.array(line.get_data_3d()).T for line in axes.lines]
    points = np.concatenate(lines)
    head, foot = points[points[:, 2].argmax()], points[points[:, 2].argmin()]
    # the raised wrist is 920 mm above the root, whose mirror is 900 below
    np.testing.assert_allclose(head, (400, -100, 920))
    np.testing.assert_allclose(foot[2], -900)
    assert _on_screen(axes, head)[1] > _on_screen(axes, foot)[1]


def test_from_the_camera_left_and_right_are_as_in_the_image():
    """A person facing the camera has the left side on the right."""
    picture = render_views(_standing(), SKELETON, size=300)
    front, side = picture[:, :300], picture[:, 300:]
    left, right = [
        np.nonzero(_mask(front, c))[1].mean() for c in (LEFT, RIGHT)
    ]
    assert left > right + 20
    assert (front != side).any()


def test_from_the_side_what_is_farther_is_farther_right():
    axes = _axes()
    draw_skeleton_3d(axes, _standing(), SKELETON)
    screen = []
    for _, elevation, azimuth in VIEWS:
        axes.view_init(elevation, azimuth)
        screen.append([_on_screen(axes, (0, z, 0))[0] for z in (-500, 500)])
    (front_near, front_far), (side_near, side_far) = screen
    assert side_far - side_near > 3 * abs(front_far - front_near)


def test_the_ground_lies_at_the_lowest_joint():
    axes = _axes()
    draw_skeleton_3d(axes, _standing(), SKELETON)
    assert axes.get_zlim()[0] == pytest.approx(-900)
    flat = [
        line
        for line in axes.lines
        if np.ptp(line.get_data_3d()[2]) == 0
        and line.get_data_3d()[2][0] == pytest.approx(-900)
    ]
    ends = sum(np.isfinite(line.get_data_3d()[0]).sum() for line in flat)
    assert ends >= 20


def test_where_the_person_stands_does_not_matter():
    pose = _standing()
    np.testing.assert_array_equal(
        render_views(pose, SKELETON),
        render_views(pose + (1000, -200, 3000), SKELETON),
    )


def test_the_true_pose_is_grey_and_dashed_under_the_prediction():
    axes = _axes()
    draw_skeleton_3d(axes, _standing(), SKELETON, gt_mm=_standing() * 1.1)
    dashed = [line for line in axes.lines if line.is_dashed()]
    assert len(dashed) == len(SKELETON.links)
    assert {line.get_color() for line in dashed} == {'0.45'}


def test_joints_below_the_threshold_or_not_finite_are_left_out():
    scores = np.ones(18)
    scores[[LEFT_WRIST, LEFT_FOOT]] = 0.1
    axes = _axes()
    draw_skeleton_3d(axes, _standing(), SKELETON, scores=scores)
    assert len(axes.collections[-1].get_offsets()) == 16
    pose = _standing()
    pose[HEAD] = np.nan
    axes = _axes()
    draw_skeleton_3d(axes, pose, SKELETON)
    assert len(axes.collections[-1].get_offsets()) == 17
    pose[:] = np.nan
    assert render_views(pose, SKELETON).shape == (320, 640, 3)


def test_drawing_opens_no_pyplot_figure():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    render_views(_standing(), SKELETON)
    assert plt.get_fignums() == before


def test_weak_perspective_by_hand():
    """20 mm a pixel."""
    keypoints = np.array([[[50.0, 60.0, 10.0], [53.0, 56.0, -110.0]]])
    expected = [[[0, 0, 0], [60, -80, -120]]]
    np.testing.assert_allclose(weak_perspective_mm(keypoints, 20), expected)
    np.testing.assert_allclose(
        weak_perspective_mm(keypoints, 20, root=1)[0, 0], [-60, 80, 120]
    )


def test_weak_perspective_of_a_far_person_is_the_camera_pose():
    pose = _standing() + (0, 0, 1e7)
    pixels = pose[:, :2] / pose[:, 2:] * 5e6 + 100
    keypoints = np.concatenate([pixels, pose[:, 2:] - pose[0, 2]], 1)
    seen = weak_perspective_mm(keypoints, mm_per_px=pose[0, 2] / 5e6)
    np.testing.assert_allclose(seen, pose - pose[0], atol=0.5)


@pytest.mark.parametrize('scale', [0.0, float('nan'), -3.0])
def test_weak_perspective_needs_a_positive_scale(scale):
    with pytest.raises(ValueError, match='mm_per_px'):
        weak_perspective_mm(np.zeros((2, 3)), scale)


def test_the_number_of_joints_is_checked():
    with pytest.raises(ValueError, match='pose_mm'):
        render_views(np.zeros((17, 3)), SKELETON)
    with pytest.raises(ValueError, match='gt_mm'):
        render_views(_standing(), SKELETON, gt_mm=np.zeros((2, 18, 3)))
    with pytest.raises(ValueError, match='scores'):
        render_views(_standing(), SKELETON, scores=np.ones(17))
