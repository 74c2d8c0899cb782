"""People as plain numbers, in pictures and in files."""

import json
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from integral_mmpose.geometry import Person
from integral_mmpose.inference import ImageResult, movie
from integral_mmpose.inference.results import (
    FreeNames,
    PeopleFile,
    ResultWriter,
)

BOX = np.array([10.0, 20.0, 30.0, 60.0])
FRAME = ImageResult('in/a.jpg', np.zeros((64, 96, 3), np.uint8))


def named(name, people=(), error=''):
    return replace(FRAME, name=str(name), people=list(people), error=error)


def person(score=1.0):
    return Person(BOX, score, np.zeros((2, 2)), np.ones(2))


def test_a_person_is_plain_numbers():
    points = np.arange(6.0).reshape(2, 3)
    found = Person(
        BOX, 0.9, points[:, :2], np.array([0.5, 0.6]), np.ones((2, 3))
    )
    assert json.loads(json.dumps(found.to_dict())) == dict(
        bbox=[10, 20, 30, 60],
        bbox_score=0.9,
        keypoints=[[0, 1], [3, 4]],
        keypoint_scores=[0.5, 0.6],
        keypoints_mm=[[1, 1, 1], [1, 1, 1]],
    )


def test_files_of_images_do_not_overwrite_each_other(tmp_path):
    writer = ResultWriter(str(tmp_path / 'v'), str(tmp_path / 'p'))
    picture = np.full((4, 6, 3), (200, 10, 20), np.uint8)
    for name in ('x/a.jpg', 'y/a.png', 'http://h/b.jpg?size=3'):
        writer.add(named(name, [person(len(name))]), picture)
    writer.close()
    names = ['a', 'a_2', 'b']
    assert sorted(p.stem for p in (tmp_path / 'p').iterdir()) == names
    assert sorted(p.name for p in (tmp_path / 'v').iterdir()) == [
        f'{name}.png' for name in names
    ]
    [found] = json.loads((tmp_path / 'p/a_2.json').read_text())
    assert found['bbox_score'] == len('y/a.png')
    saved = cv2.imread(str(tmp_path / 'v/a.png'))
    np.testing.assert_array_equal(saved[..., ::-1], picture)


def test_files_of_a_video(tmp_path):
    video = SimpleNamespace(name='clips/walk.avi', fps=25.0)
    writer = ResultWriter(
        str(tmp_path), str(tmp_path), video, head=dict(fps=25)
    )
    for number in range(3):
        picture = np.full((48, 64, 3), 80 * number, np.uint8)
        people = [person()] * number
        frame = replace(FRAME, people=people, time_ms=40.0 * number)
        writer.add(frame, picture)
    writer.close()
    content = json.loads((tmp_path / 'walk.json').read_text())
    assert content['fps'] == 25
    frames = content['frames']
    assert [f['time_ms'] for f in frames] == [0, 40, 80]
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
    writer = ResultWriter(str(tmp_path), '', names=FreeNames(photos))
    picture = np.zeros((4, 6, 3), np.uint8)
    for photo in photos:
        writer.add(named(photo), picture)
    writer.close()
    for photo in photos:
        assert photo.read_bytes() == photo.name.encode()
    names = {p.name for p in tmp_path.iterdir()} - {p.name for p in photos}
    assert names == {'a_2.png', 'a_3.png', 'b_2.png'}


def test_pictures_that_nobody_wants_take_no_name(tmp_path, monkeypatch):
    """An input of the working directory, JSON files elsewhere."""
    monkeypatch.chdir(tmp_path)
    writer = ResultWriter('', 'out', names=FreeNames(['a.png']))
    assert writer.add(named('a.png'), None) == 'a'
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['a.json']


def test_boxes_that_are_read_stay(tmp_path):
    (tmp_path / 'a.json').write_text('boxes')
    read = ['a.jpg', str(tmp_path / 'a.json')]
    writer = ResultWriter('', str(tmp_path), names=FreeNames(read))
    assert writer.add(named('a.jpg'), None) == 'a_2'
    assert (tmp_path / 'a.json').read_text() == 'boxes'


def test_what_failed_has_no_file_and_a_frame_its_reason(tmp_path):
    failed = named('a.jpg', error='a.jpg: is torn')
    writer = ResultWriter(str(tmp_path), str(tmp_path))
    assert writer.add(failed, np.zeros((4, 6, 3), np.uint8)) == ''
    writer.close()
    assert list(tmp_path.iterdir()) == []
    assert writer.add(named('b/a.jpg'), None) == 'a'
    video = SimpleNamespace(name='walk.avi', fps=25.0)
    writer = ResultWriter('', str(tmp_path), video)
    writer.add(failed, None)
    writer.add(FRAME, None)
    writer.close()
    content = json.loads((tmp_path / 'walk.json').read_text())
    assert content['frames'] == [
        dict(frame_id=0, instances=[], error='a.jpg: is torn'),
        dict(frame_id=1, instances=[]),
    ]


def test_a_video_is_not_overwritten_by_its_own(tmp_path):
    path = tmp_path / 'Directions 1.54138969.mp4'
    path.write_bytes(b'the input')
    video = SimpleNamespace(name=str(path), fps=25.0)
    writer = ResultWriter(
        str(tmp_path), str(tmp_path), video, FreeNames([path])
    )
    writer.add(FRAME, np.zeros((48, 64, 3), np.uint8))
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
    writer.add(FRAME, None)
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ['webcam_0.json']


def test_a_dot_in_the_name_of_a_video_stays(tmp_path):
    """The four cameras of Human3.6M: Directions 1.54138969.mp4, ..."""
    for camera in ('54138969', '55011271'):
        video = SimpleNamespace(name=f'in/Directions 1.{camera}.mp4', fps=25.0)
        writer = ResultWriter('', str(tmp_path), video)
        writer.add(ImageResult('frame'), None)
        writer.close()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_question_mark_is_no_query_of_a_file():
    names = FreeNames()
    for name, stem in (
        ('day 1?/p.jpg', 'p'),
        ('who?1.jpg', 'who?1'),
        ('http://host/a.jpg?size=2', 'a'),
    ):
        assert names.stem(name, []) == stem


def test_stems_differ():
    names = FreeNames()
    found = [names.stem(n, []) for n in ('a.jpg', 'b/a.png', 'a_2.jpg')]
    assert found == ['a', 'a_2', 'a_2_2']


def test_a_movie_without_pyav_says_how_to_get_h264(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(movie, 'av', None)
    writer = movie.MovieWriter(tmp_path / 'a.mp4', 25.0)
    writer.add(np.zeros((48, 64, 3), np.uint8))
    writer.close()
    assert '/a.mp4: is written as MPEG-4' in caplog.text
    assert 'integral_mmpose[video]' in caplog.text
    assert [p.name for p in tmp_path.iterdir()] == ['a.mp4']
    with pytest.raises(OSError, match='cannot be written'):
        movie.MovieWriter(tmp_path / 'no/a.mp4', 25.0).add(
            np.zeros((48, 64, 3), np.uint8)
        )


FULL = """
import resource, sys
import numpy as np
from integral_mmpose.inference import movie
movie.av = None
rng = np.random.default_rng(0)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
writer = movie.MovieWriter(sys.argv[1], 25.0)
for _ in range(20):
    writer.add(rng.integers(0, 256, (96, 96, 3), dtype=np.uint8))
writer.close()
"""


def test_a_full_disk_keeps_the_earlier_movie(tmp_path):
    """OpenCV writes what fits, and says nothing."""
    path = tmp_path / 'a.mp4'

    def run(limit):
        command = [sys.executable, '-c', FULL, str(path), str(limit)]
        return subprocess.run(command, capture_output=True, text=True)

    assert run(10**8).returncode == 0
    earlier = path.read_bytes()
    done = run(len(earlier) // 2)
    assert done.returncode == 1
    assert 'a.mp4: the video could not be written whole' in done.stderr
    assert path.read_bytes() == earlier
    assert [p.name for p in tmp_path.iterdir()] == ['a.mp4']


def test_pictures_of_other_sizes_fit_into_the_movie(tmp_path, monkeypatch):
    """The first one gives the size; none is lost, none is distorted."""
    monkeypatch.setattr(movie, 'av', None)
    writer = movie.MovieWriter(tmp_path / 'a.mp4', 25.0)
    for height, width in ((64, 128), (128, 128), (32, 64)):
        writer.add(np.full((height, width, 3), 40, np.uint8))
    writer.close()
    capture = cv2.VideoCapture(str(tmp_path / 'a.mp4'))
    frames = [capture.read()[1] for _ in range(3)]
    assert not capture.read()[0]
    dark = [
        [int((f[y, x] < 128).all()) for x, y in ((2, 2), (60, 60), (120, 60))]
        for f in frames
    ]
    assert dark == [[1, 1, 1], [1, 1, 0], [1, 1, 1]]


def test_a_missing_picture_keeps_the_times_of_the_movie(tmp_path):
    """The one before is shown again, at the start the first result's."""
    video = SimpleNamespace(name='a.avi', fps=25.0)
    writer = ResultWriter(str(tmp_path), str(tmp_path), video)
    shades = None, 120, 40, None, 200, None
    errors = 'torn', 'no box', '', 'torn', '', 'torn'
    for shade, error in zip(shades, errors):
        picture = shade and np.full((48, 64, 3), shade, np.uint8)
        writer.add(named('a', error=error), picture)
    writer.close()
    capture = cv2.VideoCapture(str(tmp_path / 'a.mp4'))
    shades = []
    while (frame := capture.read())[0]:
        shades.append(frame[1].mean())
    np.testing.assert_allclose(shades, [40, 40, 40, 40, 200, 200], atol=4)


def test_a_video_without_a_result_has_no_file(tmp_path):
    video = SimpleNamespace(name='a.avi', fps=25.0)
    writer = ResultWriter(str(tmp_path), str(tmp_path), video)
    writer.add(named('a', error='torn'), None)
    writer.add(named('a', error='no box'), np.zeros((48, 64, 3), np.uint8))
    writer.close()
    assert list(tmp_path.iterdir()) == []


def test_two_writers_to_one_folder_share_the_names(tmp_path):
    names = FreeNames()
    for folder in ('x', 'y'):
        video = SimpleNamespace(name=f'{folder}/walk.avi', fps=25.0)
        writer = ResultWriter('', str(tmp_path), video, names)
        writer.add(ImageResult('frame'), None)
        writer.close()
    found = sorted(p.name for p in tmp_path.iterdir())
    assert found == ['walk.json', 'walk_2.json']


def test_files_that_must_stay():
    names = FreeNames(['a.json'])
    assert names.keep(['b.json', 'c.json'])
    assert not names.keep(['c.json', 'd.json'])
    stems = [names.stem(f'x/{n}.mp4', [('.', '.json')]) for n in 'abcde']
    assert stems == ['a_2', 'b_2', 'c_2', 'd_2', 'e']


def test_one_file_of_all_people(tmp_path):
    model = SimpleNamespace(
        joint_names=['root', 'head'],
        skeleton=SimpleNamespace(links=[(0, 1)]),
        name='m.onnx',
    )
    path = tmp_path / 'poses.json'
    file = PeopleFile(path, model)
    file.add(named('a.jpg', [person(0.5), person()]))
    file.add(named('b.jpg', error='b.jpg: is torn'))
    file.add(named('ä"}.jpg'), 'no person found')
    assert not path.exists()
    file.close()
    content = json.loads(path.read_text())
    assert content['keypoint_names'] == ['root', 'head']
    assert content['skeleton_links'] == [[0, 1]] and content['units']
    assert content['failed'] == {'b.jpg': 'b.jpg: is torn'}
    assert content['notes'] == {'ä"}.jpg': 'no person found'}
    assert list(content['images']) == ['a.jpg', 'ä"}.jpg']
    scores = [p['bbox_score'] for p in content['images']['a.jpg']]
    assert scores == [0.5, 1]
