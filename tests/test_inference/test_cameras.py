"""Cameras in every form, and things that are no cameras."""

import json
import math

import numpy as np
import pytest

from integral_mmpose.inference import CameraReader

IMAGE = np.zeros((480, 640, 3), np.uint8)
FORMS = [
    dict(fx=500, fy=510, cx=320, cy=240),
    dict(K=[[500, 0, 320], [0, 510, 240], [0, 0, 1]]),
    dict(f=[500, 510], c=[320, 240], w=640, h=480),
]


@pytest.mark.parametrize('form', FORMS, ids=lambda form: '-'.join(form))
def test_forms(form, tmp_path):
    path = tmp_path / 'camera.json'
    path.write_text(json.dumps(form))
    for source in (form, path, str(path)):
        camera = CameraReader(source).camera_of(IMAGE)
        assert camera.focal.tolist() == [500, 510]
        assert camera.principal.tolist() == [320, 240]


@pytest.mark.parametrize(
    'distortion, named',
    [
        (dict(k=[-0.2, 0.24, 0], p=[0, 0]), r'\(k\)'),
        (dict(dist=[[0.0, 0, 1e-3]]), r'\(dist\)'),
        (dict(k=[0, 0.0, 0], p=[0, 0]), None),
        (dict(p='none', k=None), None),
        (dict(D=[0.3, 0.1, 0, 0, 0], P=[[1] * 4] * 3), r'\(D\)'),
        (dict(distortion_coefficients=[0.1]), r'\(distortion_coefficients\)'),
        (dict(distCoeffs=[[0.1]]), r'\(distCoeffs\)'),
        (dict(distortion=dict(k1=0.3)), r'\(distortion\)'),
        (dict(k4=0.1, radial_distortion=0.1), r'\(k4, radial_distortion\)'),
        (
            dict(distortion_coefficients=dict(rows=1, cols=2, data=[0, 0])),
            None,
        ),
        (dict(distortion_model='plumb_bob', P=[[1] * 4] * 3), None),
    ],
)
def test_distortion_that_is_not_used_is_told(distortion, named):
    camera = dict(FORMS[2], **distortion)
    if named is None:  # warnings are errors here
        CameraReader(camera)
        return
    with pytest.warns(
        UserWarning, match=f'camera: lens distortion or skew {named}'
    ):
        reader = CameraReader(camera)
    assert reader.camera_of(IMAGE).focal.tolist() == [500, 510]


def test_a_sign_of_keys_in_a_name(tmp_path):
    """``project #2/cam#1.json`` is a file, if there is one."""
    path = tmp_path / 'project #2' / 'cam#1.json'
    path.parent.mkdir()
    path.write_text(json.dumps(FORMS[2]))
    other = path.with_name('all.json')
    other.write_text(json.dumps({'S9': FORMS[2]}))
    for source in (path, f'{other}#S9'):
        camera = CameraReader(str(source)).camera_of(IMAGE)
        assert camera.focal.tolist() == [500, 510]


def test_one_of_several_in_a_file(tmp_path):
    path = tmp_path / 'cameras.json'
    path.write_text(json.dumps({'S9': {'54': FORMS[2]}}))
    camera = CameraReader(f'{path}#S9/54').camera_of(IMAGE)
    assert camera.focal.tolist() == [500, 510]
    with pytest.raises(ValueError, match=r"no S8, it has \['S9'\]"):
        CameraReader(f'{path}#S8/54')


@pytest.mark.parametrize('degrees', [30, 60.0, 90, 120])
def test_field_of_view(degrees):
    """The rays through both sides of the image enclose the angle."""
    camera = CameraReader(dict(fov=degrees)).camera_of(IMAGE)
    left, right = (
        math.atan((x - camera.principal[0]) / camera.focal[0])
        for x in (-0.5, 639.5)
    )
    assert math.degrees(right - left) == pytest.approx(degrees)
    assert camera.focal[0] == camera.focal[1]
    assert camera.principal.tolist() == [319.5, 239.5]


@pytest.mark.parametrize(
    'bad',
    [
        {},
        dict(fx=500, fy=500, cx=1),
        dict(fx=0, fy=500, cx=1, cy=1),
        dict(fx=float('nan'), fy=500, cx=1, cy=1),
        dict(fx='wide', fy=500, cx=1, cy=1),
        dict(K=[[1, 2], [3, 4]]),
        dict(f=[500, 500]),
        dict(f=[500, 500], c=None),
        [1, 2, 3],
        7,
    ],
    ids=str,
)
def test_what_is_no_camera(bad, tmp_path):
    with pytest.raises(ValueError, match='camera: is not a camera'):
        CameraReader(bad)
    path = tmp_path / 'c.json'
    path.write_text(json.dumps(bad))
    with pytest.raises(ValueError, match='c.json: is not a camera'):
        CameraReader(path)


@pytest.mark.parametrize('fov', [0, 180, -3, float('nan'), 'wide', True, None])
def test_what_is_no_field_of_view(fov):
    with pytest.raises(ValueError, match='fov must be degrees'):
        CameraReader(dict(fov=fov))


@pytest.mark.parametrize(
    'matrix',
    [
        [[300, 0, 0], [0, 300, 0], [80, 100, 1]],  # transposed
        [[600, 0, 160], [0, 600, 200], [0, 0, 2]],
        [[600, 0, 160], [3, 600, 200], [0, 0, 1]],
    ],
)
def test_matrices_that_are_no_intrinsics(matrix):
    with pytest.raises(ValueError, match='is not a camera'):
        CameraReader(dict(K=matrix))


@pytest.mark.parametrize('key', ['skew', 'k1', 'distCoeffs'])
def test_what_is_left_out_is_told(key):
    matrix = [[300, 0, 80], [0, 300, 100], [0, 0, 1]]
    camera = dict(K=matrix)
    if key == 'skew':
        matrix[0][1] = 5
    else:
        camera[key] = [0.1]
    with pytest.warns(UserWarning, match=f'{key}.* is not used'):
        CameraReader(camera)


def test_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.json'):
        CameraReader(tmp_path / 'none.json')
    (tmp_path / 'text.json').write_text('f=500')
    said = 'text.json: is not a JSON file with a camera .*point to the right'
    with pytest.raises(ValueError, match=said):
        CameraReader(tmp_path / 'text.json')


def test_half_a_size_of_its_images():
    with pytest.raises(ValueError, match='one of w and h'):
        CameraReader(dict(fx=500, fy=500, cx=1, cy=1, w=640))


@pytest.mark.parametrize('names', [('w', 'h'), ('width', 'height')])
def test_the_size_of_the_images_by_either_name(names):
    form = dict(fx=500, fy=500, cx=1, cy=1)
    height, width = IMAGE.shape[:2]
    reader = CameraReader(dict(form, **dict(zip(names, (width, height)))))
    assert reader.camera_of(IMAGE).focal.tolist() == [500, 500]
    reader = CameraReader(dict(form, **dict(zip(names, (height, width)))))
    with pytest.raises(ValueError, match='give the camera of this image'):
        reader.camera_of(IMAGE)


@pytest.mark.parametrize('value', [None, 0, 36.0, '9'])
def test_a_width_that_is_no_number_of_pixels_is_passed_over(value):
    form = dict(fx=500, fy=500, cx=1, cy=1, width=value, height=value)
    assert CameraReader(form).camera_of(IMAGE).size is None


def test_a_camera_of_another_image():
    reader = CameraReader(FORMS[2])
    with pytest.raises(ValueError, match='640 x 480 px .* 480 x 640'):
        reader.camera_of(IMAGE.transpose(1, 0, 2))
