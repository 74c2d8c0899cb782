"""Rotatable 3D poses: axes, colours, places, and a file without a network."""

import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets.joints import build_metainfo
from integral_mmpose.geometry import Person
from integral_mmpose.geometry.colors import LEFT
from integral_mmpose.visualization import (
    place_people,
    pose_figure,
    save_html,
    skeleton_from_metainfo,
)
from integral_mmpose.visualization.interactive import EYE

NAMES = ['pelvis', 'head', 'left_hand', 'right_hand']
METAINFO = build_metainfo('hands', NAMES, [], [0, 0, 0, 0])
SKELETON = skeleton_from_metainfo(parse_pose_metainfo(METAINFO))
# x right, y down, z forward: the head is up, the left hand is far away.
POSE = np.array([[0, 0, 0], [0, -600, 0], [-300, 0, 200], [300, 0, -100.0]])


def trace(figure, **fields):
    found = [
        t
        for t in figure.data
        if all(getattr(t, key) == value for key, value in fields.items())
    ]
    assert len(found) == 1
    return found[0]


def test_up_is_up_and_far_is_far():
    joints = trace(pose_figure([POSE], SKELETON, NAMES), mode='markers')
    assert list(joints.x) == [0, 0, -300, 300]  # right in the image
    assert list(joints.y) == [0, 0, 200, -100]  # away from the camera
    assert list(joints.z) == [0, 600, 0, 0]  # up


def test_the_viewer_is_the_camera():
    figure = pose_figure([POSE], SKELETON)
    eye = figure.layout.scene.camera.eye
    assert eye.y < 0 and abs(eye.x) < abs(eye.y) and eye.z > 0
    assert figure.layout.scene.camera.up.z == 1
    assert figure.layout.scene.aspectmode == 'data'  # equal axes


def test_a_wide_group_is_seen_from_farther_away():
    """One direction; the angle that the people fill stays about the same."""
    angles = []
    for count in (1, 4, 12):
        poses = [POSE + [1500 * n, 0, 0] for n in range(count)]
        figure = pose_figure(poses, SKELETON)
        eye = figure.layout.scene.camera.eye
        eye = np.array([eye.x, eye.y, eye.z])
        alone = np.array(list(EYE.values()))
        np.testing.assert_allclose(
            eye / np.linalg.norm(eye), alone / np.linalg.norm(alone)
        )
        # plotly's unit: the geometric mean of the sides of the scene.
        points = np.concatenate(
            [np.array([t.x, t.y, t.z], float).T for t in figure.data]
        )
        unit = np.prod(np.nanmax(points, 0) - np.nanmin(points, 0)) ** (1 / 3)
        width = (600 + 1500 * (count - 1)) / unit
        angles.append(width / np.linalg.norm(eye))
        nearest = np.linalg.norm(alone) - 1e-9
        assert (np.linalg.norm(eye) > nearest + 0.1) == (count > 1)
    assert angles[0] < angles[1] == pytest.approx(angles[2])


def test_left_is_green_and_right_is_orange():
    figure = pose_figure([POSE], SKELETON, NAMES)
    left, right = (trace(figure, name=n) for n in ('left', 'right'))
    assert left.line.color == 'rgb(0,204,0)'
    assert right.line.color == 'rgb(204,102,0)'
    assert list(left.x[:2]) == [0, -300] and np.isnan(left.x[2])
    assert list(right.x[:2]) == [0, 300]


def test_a_side_is_named_whatever_its_colour():
    pink = (255, 0, 255)
    colors = [pink if c == LEFT else c for c in SKELETON.link_colors]
    skeleton = SKELETON._replace(link_colors=tuple(colors))
    figure = pose_figure([POSE], skeleton, NAMES)
    assert trace(figure, name='left').line.color == 'rgb(204,0,204)'
    assert trace(figure, name='middle').line.color not in (
        'rgb(204,0,204)',
        trace(figure, name='right').line.color,
    )


def test_the_mouse_shows_what_the_json_holds():
    joints = trace(
        pose_figure([POSE], SKELETON, NAMES, [[0.1, 0.2, 0.3, 0.4]]),
        mode='markers',
    )
    assert joints.text[2] == (
        'left_hand<br>x -300, y 0, z 200 mm<br>score 0.30'
    )


def test_the_ground_lies_under_the_lowest_joint():
    low = POSE.copy()
    low[3, 1] = 450  # 450 mm below the pelvis
    figure = pose_figure([POSE, low], SKELETON)
    ground = figure.data[-1]
    heights = np.array(ground.z, float)
    assert set(heights[np.isfinite(heights)]) == {-450.0}


def test_nobody_gives_an_empty_scene():
    assert len(pose_figure([], SKELETON).data) == 0
    assert place_people([]) == []


def test_another_number_of_joints_is_an_error():
    with pytest.raises(ValueError, match='poses_mm'):
        pose_figure([POSE[:3]], SKELETON)


def person(left_px, pose=None, there=None):
    box = np.array([left_px, 0, left_px + 10, 50])
    return Person(box, 1.0, POSE[:, :2], np.ones(4), pose, there)


def test_people_without_a_camera_stand_side_by_side_on_the_ground():
    people = [person(x, POSE) for x in (200, 10, 90)]
    placed = place_people(people)
    assert [pose[0, 0] for pose in placed] == [1500, -1500, 0]
    assert [pose[:, 1].max() for pose in placed] == [0, 0, 0]
    for pose in placed:
        np.testing.assert_allclose(pose - pose[0], POSE - POSE[0])


def test_people_with_a_camera_stand_where_they_are():
    there = POSE + [500, 0, 4000]
    people = [person(0, POSE, there)]
    np.testing.assert_array_equal(place_people(people)[0], there)


def test_a_2d_pose_is_an_error():
    with pytest.raises(ValueError, match='no 3D pose'):
        place_people([person(0)])


def test_the_file_needs_no_network(tmp_path):
    path = tmp_path / 'new' / 'pose.html'
    save_html(pose_figure([POSE], SKELETON), str(path))
    html, asked = path.read_text(), []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: asked.extend(
        value for name, value in attributes if name in ('src', 'href')
    )
    parser.feed(html)  # what lies in a script is not parsed
    assert asked == []
    assert len(html) > 1e6  # plotly itself is inside


def test_without_plotly_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'plotly.graph_objects', None)
    with pytest.raises(ImportError, match='pip install plotly'):
        pose_figure([POSE], SKELETON)
