"""People over their image and in 3D beside it."""

import dataclasses

import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from integral_mmpose.datasets.joints import build_metainfo
from integral_mmpose.geometry import Person
from integral_mmpose.visualization import (
    render,
    render_frame,
    rendering,
    skeleton_from_metainfo,
)
from integral_mmpose.visualization.rendering import (
    MOVIE_VIEW,
    fit_canvas,
    grid_of,
    movie_size,
)

METAINFO = build_metainfo(
    'hands', ['pelvis', 'head', 'left_hand', 'right_hand'], [], [0] * 4
)
SKELETON = skeleton_from_metainfo(parse_pose_metainfo(METAINFO))
BOX = np.array([10.0, 20.0, 30.0, 60.0])


def person(axes=3, at=(200, 100)):
    points = np.full((4, 2), 30.0)
    points[2] = at
    in_mm = np.arange(12.0).reshape(4, 3) * 50 if axes == 3 else None
    return Person(BOX, 0.9, points, np.ones(4), in_mm)


@pytest.mark.parametrize('axes', [2, 3])
@pytest.mark.parametrize('count', [0, 2])
def test_pictures(axes, count):
    """A left hand is green where it is; 3D adds two square views."""
    image = np.full((256, 320, 3), 90, np.uint8)
    picture = render(image, [person(axes)] * count, SKELETON)
    views = 2 * max(256 // max(count, 1), 192) if axes == 3 and count else 0
    assert picture.shape[1] == 320 + (4 + views if views else 0)
    assert tuple(picture[100, 200]) == ((0, 255, 0) if count else (90,) * 3)
    assert (image == 90).all()


def test_the_number_of_a_person_in_a_video_is_drawn(monkeypatch):
    """Not its place in the frame, which changes."""
    drawn = []

    def record(picture, points, texts, *args):
        drawn.extend(texts)

    monkeypatch.setattr(rendering, 'write_labels', record)
    image = np.zeros((64, 64, 3), np.uint8)
    people = [person(), person()]
    render(image, people, SKELETON)
    assert drawn == ['#0', '#1'] * 2
    drawn.clear()
    tracked = [dataclasses.replace(person(), track_id=id_) for id_ in (7, 3)]
    render(image, tracked, SKELETON)
    assert drawn == ['#7', '#3'] * 2


def test_a_large_photograph_is_reduced_beside_its_views():
    """Not without views, and not in a video, whose pictures are alike."""
    image = np.full((3024, 2268, 3), 90, np.uint8)
    picture = render(image, [person(at=(1134, 1512))], SKELETON)
    assert picture.shape == (1280, 960 + 4 + 2 * 640, 3)
    assert tuple(picture[640, 480]) == (0, 255, 0)
    assert render(image, [person(2)], SKELETON).shape == image.shape
    movie = render_frame(image, [person()], SKELETON, views=True)
    assert movie.shape == (3024, 2268 + 4 + 2 * 640, 3)


def test_views_of_many_people_fill_a_room():
    """No other number of columns gives larger views, by trying all."""
    for count in (1, 2, 3, 5, 12, 33):
        for height in (200, 427, 900):
            columns, side = grid_of(count, height)
            room = min(max(height, 192), 640)
            rows = -(-count // columns)
            assert side * rows <= room and side * columns <= room
            assert all(
                min(room // -(-count // c), room // c) <= side
                for c in range(1, count + 1)
            )


def test_boxes_are_drawn_when_asked_for():
    image = np.zeros((300, 320, 3), np.uint8)
    picture = render(image, [person(2)], SKELETON, draw_bbox=True)
    assert tuple(picture[20, 20]) == (0, 200, 0)
    assert not render(image, [person(2)], SKELETON)[20, 20].any()


@pytest.mark.parametrize('shape', [(64, 96), (301, 401)])
@pytest.mark.parametrize('count', [1, 2, 4])
def test_pictures_of_a_video_are_alike(shape, count):
    image = np.zeros((*shape, 3), np.uint8)
    people = [person(at=(30, 30))] * count
    picture = render(image, people, SKELETON, min_view=MOVIE_VIEW)
    width, height = movie_size(image, views=True)
    assert width % 2 == height % 2 == 0
    # Nothing is cut off, but the odd last row; more people, smaller views.
    assert picture.shape[0] - height <= 1
    assert picture.shape[1] - width <= 1
    if count == 1:
        assert picture.shape[1] >= width and picture.shape[0] >= height
    movie = render_frame(image, people, SKELETON, views=True)
    assert movie.shape == (height, width, 3)


def test_fit_canvas_cuts_and_fills():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    wide = fit_canvas(picture, 3, 1)
    np.testing.assert_array_equal(wide[0, :2], picture[0])
    assert (wide[0, 2] == 255).all() and wide.shape == (1, 3, 3)
