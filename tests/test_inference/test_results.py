"""People as plain numbers, in pictures and in files."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from integral_mmpose.inference import Pose, unique_stem
from integral_mmpose.inference.inputs import Frame
from integral_mmpose.inference.results import (
    MOVIE_VIEW,
    ResultWriter,
    draw_people,
    fit_canvas,
    movie_size,
    person_dict,
)

BOX = np.array([10.0, 20.0, 30.0, 60.0, 0.9])
FRAME = Frame('in/a.jpg', np.zeros((64, 96, 3), np.uint8))


def test_a_person_is_plain_numbers():
    pose = Pose(np.arange(6.0).reshape(2, 3), np.array([0.5, 0.6]), 50.0)
    person = person_dict(BOX, pose, dict(keypoints_mm=np.ones((2, 3))))
    assert json.loads(json.dumps(person)) == dict(
        bbox=[10, 20, 30, 60],
        bbox_score=0.9,
        keypoints=[[0, 1], [3, 4]],
        keypoint_scores=[0.5, 0.6],
        keypoints_mm=[[1, 1, 1], [1, 1, 1]],
    )


@pytest.mark.parametrize('axes', [2, 3])
@pytest.mark.parametrize('count', [0, 2])
def test_pictures(inferencer, axes, count):
    """A left wrist is green where it is; 3D adds two square views."""
    points = np.full((18, 3), 30.0)
    points[13] = 200, 100, 0
    in_mm = dict(keypoints_mm=points) if axes == 3 else {}
    person = person_dict(BOX, Pose(points[:, :axes], np.ones(18), 50.0), in_mm)
    image = np.full((256, 320, 3), 90, np.uint8)
    picture = draw_people(inferencer.visualizer, image, [person] * count)
    views = 2 * max(256 // max(count, 1), 192) if axes == 3 and count else 0
    assert picture.shape[1] == 320 + (4 + views if views else 0)
    assert tuple(picture[100, 200]) == ((0, 255, 0) if count else (90,) * 3)
    assert (image == 90).all()


@pytest.mark.parametrize('shape', [(64, 96), (301, 401)])
@pytest.mark.parametrize('count', [1, 2, 4])
def test_pictures_of_a_video_are_alike(inferencer, shape, count):
    image = np.zeros((*shape, 3), np.uint8)
    pose = Pose(np.full((18, 3), 30.0), np.ones(18), 50.0)
    person = person_dict(BOX, pose, dict(keypoints_mm=pose.keypoints))
    picture = draw_people(
        inferencer.visualizer, image, [person] * count, min_view=MOVIE_VIEW
    )
    width, height = movie_size(image, views=True)
    assert width % 2 == height % 2 == 0
    # Nothing is cut off, but the odd last row; more people, smaller views.
    assert picture.shape[0] - height <= 1
    assert picture.shape[1] - width <= 1
    if count == 1:
        assert picture.shape[1] >= width and picture.shape[0] >= height
    assert fit_canvas(picture, width, height).shape == (height, width, 3)
    movie = inferencer.visualize(
        Frame('a', image), [person] * count, return_vis=True, movie=True
    )
    assert movie.shape == (height, width, 3)


def test_fit_canvas_cuts_and_fills():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    wide = fit_canvas(picture, 3, 1)
    np.testing.assert_array_equal(wide[0, :2], picture[0])
    assert (wide[0, 2] == 255).all() and wide.shape == (1, 3, 3)


def test_files_of_images_do_not_overwrite_each_other(tmp_path):
    writer = ResultWriter(str(tmp_path / 'v'), str(tmp_path / 'p'))
    picture = np.full((4, 6, 3), (200, 10, 20), np.uint8)
    for name in ('x/a.jpg', 'y/a.png', 'http://h/b.jpg?size=3'):
        writer.add(FRAME._replace(name=name), [dict(n=name)], picture)
    writer.close()
    names = ['a', 'a_2', 'b']
    assert sorted(p.stem for p in (tmp_path / 'p').iterdir()) == names
    assert sorted(p.name for p in (tmp_path / 'v').iterdir()) == [
        f'{name}.png' for name in names
    ]
    assert json.loads((tmp_path / 'p/a_2.json').read_text()) == [
        dict(n='y/a.png')
    ]
    saved = cv2.imread(str(tmp_path / 'v/a.png'))
    np.testing.assert_array_equal(saved[..., ::-1], picture)


def test_files_of_a_video(tmp_path):
    video = SimpleNamespace(name='clips/walk.avi', fps=25.0)
    writer = ResultWriter(str(tmp_path), str(tmp_path), video)
    for number in range(3):
        picture = np.full((48, 64, 3), 80 * number, np.uint8)
        writer.add(FRAME, [dict(n=number)] * number, picture)
    writer.close()
    frames = json.loads((tmp_path / 'walk.json').read_text())
    assert [f['frame_id'] for f in frames] == [0, 1, 2]
    assert [len(f['instances']) for f in frames] == [0, 1, 2]
    movie = cv2.VideoCapture(str(tmp_path / 'walk.mp4'))
    assert movie.get(cv2.CAP_PROP_FPS) == 25
    for number in range(3):
        good, picture = movie.read()
        assert good and abs(picture.mean() - 80 * number) < 3
    movie.release()


def test_no_input_is_overwritten(tmp_path):
    """A picture beside its photo; that of a.jpg would be another input."""
    photos = [tmp_path / n for n in ('a.jpg', 'a.png', 'b.png')]
    for photo in photos:
        photo.write_bytes(photo.name.encode())
    writer = ResultWriter(str(tmp_path), '', inputs=map(str, photos))
    picture = np.zeros((4, 6, 3), np.uint8)
    for photo in photos:
        writer.add(FRAME._replace(name=str(photo)), [], picture)
    writer.close()
    for photo in photos:
        assert photo.read_bytes() == photo.name.encode()
    names = {p.name for p in tmp_path.iterdir()} - {p.name for p in photos}
    assert names == {'a_2.png', 'a_3.png', 'b_2.png'}


def test_pictures_that_nobody_wants_take_no_name(tmp_path, monkeypatch):
    """An input of the working directory, JSON files elsewhere."""
    monkeypatch.chdir(tmp_path)
    writer = ResultWriter('', 'out', inputs=['a.png'])
    assert writer.add(FRAME._replace(name='a.png'), [], None) == 'a'
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['a.json']


def test_boxes_that_are_read_stay(tmp_path):
    (tmp_path / 'a.json').write_text('boxes')
    read = ['a.jpg', str(tmp_path / 'a.json')]
    writer = ResultWriter('', str(tmp_path), inputs=read)
    assert writer.add(FRAME._replace(name='a.jpg'), [], None) == 'a_2'
    assert (tmp_path / 'a.json').read_text() == 'boxes'


def test_what_failed_has_no_file_and_a_frame_its_reason(tmp_path):
    failed = FRAME._replace(name='a.jpg', error='a.jpg: is torn')
    writer = ResultWriter(str(tmp_path), str(tmp_path))
    assert writer.add(failed, [], np.zeros((4, 6, 3), np.uint8)) == ''
    writer.close()
    assert list(tmp_path.iterdir()) == []
    assert writer.add(FRAME._replace(name='b/a.jpg'), [], None) == 'a'
    video = SimpleNamespace(name='walk.avi', fps=25.0)
    writer = ResultWriter('', str(tmp_path), video)
    writer.add(failed, [], None)
    writer.add(FRAME, [], None)
    writer.close()
    assert json.loads((tmp_path / 'walk.json').read_text()) == [
        dict(frame_id=0, instances=[], error='a.jpg: is torn'),
        dict(frame_id=1, instances=[]),
    ]


def test_a_video_is_not_overwritten_by_its_own(tmp_path):
    path = tmp_path / 'Directions 1.54138969.mp4'
    path.write_bytes(b'the input')
    video = SimpleNamespace(name=str(path), fps=25.0)
    writer = ResultWriter(str(tmp_path), str(tmp_path), video, [str(path)])
    writer.add(FRAME, [], np.zeros((48, 64, 3), np.uint8))
    writer.close()
    assert path.read_bytes() == b'the input'
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        path.name,
        'Directions 1.54138969_2.json',
        'Directions 1.54138969_2.mp4',
    ]


def test_a_camera_has_no_length(tmp_path):
    class Camera(list):
        name, fps = 'webcam_0', 25.0

    writer = ResultWriter('', str(tmp_path), Camera())
    writer.add(FRAME, [], None)
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ['webcam_0.json']


def test_a_dot_in_the_name_of_a_video_stays(tmp_path):
    """The four cameras of Human3.6M: Directions 1.54138969.mp4, ..."""
    for camera in ('54138969', '55011271'):
        video = SimpleNamespace(name=f'in/Directions 1.{camera}.mp4', fps=25.0)
        writer = ResultWriter('', str(tmp_path), video)
        writer.close()
    assert len(list(tmp_path.iterdir())) == 2


def test_unique_stem():
    used = set()
    found = [unique_stem(n, used) for n in ('a.jpg', 'b/a.png', 'a_2.jpg')]
    assert found == ['a', 'a_2', 'a_2_2']
