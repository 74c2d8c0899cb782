"""The command lines of the demos, in this process."""

import json
import sys

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings('ignore')


@pytest.fixture
def run(load, config, checkpoint, monkeypatch, tmp_path):
    """A demo as a function of its options; gives the exit status."""

    def run(name, *options):
        argv = [name, '--config', config, '--checkpoint', checkpoint]
        argv += ['--out', str(tmp_path / 'out')]
        monkeypatch.setattr(sys, 'argv', argv + list(map(str, options)))
        return load(name).main()

    return run


@pytest.fixture
def folder(tmp_path):
    """Good, grey and broken files."""
    folder = tmp_path / 'in'
    folder.mkdir()
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (160, 200, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / 'good.png'), image)
    cv2.imwrite(str(folder / 'grey.png'), image[..., 0])
    (folder / 'broken.jpg').write_bytes(b'no')
    return folder


def test_images_finish_and_bad_files_are_listed(run, folder, tmp_path, capsys):
    assert run('image_to_pose', folder) == 1
    assert 'broken.jpg' in capsys.readouterr().err
    result = json.loads((tmp_path / 'out/poses.json').read_text())
    assert len(result['images']) == 2 and len(result['failed']) == 1
    for people in result['images'].values():
        assert np.isfinite(people[0]['keypoints_mm']).all()
        assert len(result['keypoint_names']) == len(people[0]['keypoints'])
    assert cv2.imread(str(tmp_path / 'out/good.png')) is not None


def test_options_of_images(run, folder, tmp_path):
    """Boxes, depths, a field of view and heat maps."""
    for name, content in (
        ('boxes', {'good.png': [[10, 20, 60, 90], [60, 20, 120, 90]]}),
        ('depths', {'good.png': [3000, 4000]}),
    ):
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    options = ['--boxes', tmp_path / 'boxes.json', '--fov', 60, '--half']
    options += ['--root-depth', tmp_path / 'depths.json', '--batch-size', 1]
    options += ['--heatmaps', 'head', 'left_wrist']
    assert run('image_to_pose', folder / 'good.png', *options) == 0
    result = json.loads((tmp_path / 'out/poses.json').read_text())
    [people] = result['images'].values()
    assert [p['root_depth_mm'] for p in people] == [3000, 4000]
    for person in people:
        absolute = np.array(person['keypoints_camera_mm'])
        relative = np.array(person['keypoints_mm'])
        np.testing.assert_allclose(absolute - absolute[0], relative)
    sheets = sorted((tmp_path / 'out').glob('heatmaps_*.png'))
    assert [s.stem for s in sheets] == ['heatmaps_good_0', 'heatmaps_good_1']


def test_results_of_the_last_run_are_no_images(run, folder, tmp_path, capsys):
    """--out below the images; scenes are called as their pictures."""
    out = folder / 'found'
    (folder / 'a').mkdir()
    (folder / 'a/good.png').write_bytes(b'no')
    for _ in range(2):
        run('image_to_pose', folder, '--html', '--out', out)
        result = json.loads((out / 'poses.json').read_text())
        assert len(result['images']) == 2 and len(result['failed']) == 2
        assert sorted(p.name for p in out.iterdir()) == [
            *('good.html', 'good.png', 'grey.html', 'grey.png', 'poses.json')
        ]
    capsys.readouterr()
    assert run('image_to_pose', folder, '--out', folder) == 1
    assert 'another output folder' in capsys.readouterr().err


def test_pictures_beside_the_image_are_all_called_alike(run, folder):
    options = ['--html', '--heatmaps', 'head', '--out', folder]
    assert run('image_to_pose', folder / 'good.png', *options) == 0
    names = {p.name for p in folder.iterdir()}
    assert {'good_2.png', 'good_2.html', 'heatmaps_good_2_0.png'} <= names
    sheet = folder / 'heatmaps_good_2_0.png'
    before = sheet.read_bytes()
    assert run('image_to_pose', folder / 'good.png', sheet, *options) == 0
    assert sheet.read_bytes() == before


def test_boxes_are_not_replaced_by_the_results(run, folder, tmp_path, capsys):
    boxes = tmp_path / 'out/poses.json'
    boxes.parent.mkdir()
    boxes.write_text('{"good.png": []}')
    good = folder / 'good.png'
    assert run('image_to_pose', good, '--boxes', boxes) == 1
    assert 'poses.json: would be replaced' in capsys.readouterr().err
    assert boxes.read_text() == '{"good.png": []}'


def test_errors_of_images_are_one_line(run, folder, tmp_path, capsys):
    good = folder / 'good.png'
    (tmp_path / 'camera.json').write_text('{}')
    for options, reason in (
        (['--camera', tmp_path / 'camera.json'], 'is not a camera'),
        (['--fov', 60, '--root-depth', 'far'], "neither 'estimate' nor"),
        (['--boxes', tmp_path / 'none.json'], 'none.json'),
        (['--heatmaps', 'tail'], 'no joint tail'),
    ):
        options.append('--json')
        assert run('image_to_pose', good, *options) == 1
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert error.startswith('error: ') and reason in error


@pytest.mark.parametrize(
    'options',
    [
        ['--det-config', 'd.py'],
        ['--det-checkpoint', 'w.pth'],
        ['--camera', 'c.json', '--fov', 60],
        ['--root-depth', 3000],
        ['--boxes', 'b', '--det-config', 'd', '--det-checkpoint', 'w'],
    ],
)
def test_contradictions_are_usage_errors(run, folder, options):
    with pytest.raises(SystemExit, match='2'):
        run('image_to_pose', folder, *options)


@pytest.mark.parametrize('name', ['walk.avi', 'webcam'])
def test_video(run, tmp_path, name, capsys):
    path = str(tmp_path / 'walk.avi')
    code = cv2.VideoWriter_fourcc(*'MJPG')
    writer = cv2.VideoWriter(path, code, 10, (96, 64))
    rng = np.random.default_rng(0)
    for _ in range(5):
        writer.write(rng.integers(0, 255, (64, 96, 3), dtype=np.uint8))
    writer.release()
    options = ['--smooth', '--box', 10, 10, 60, 60, '--max-frames', 3]
    device = path if name == 'walk.avi' else f'webcam:{path}'
    assert run('image_to_pose', device, *options) == 0
    assert '3 people in 3 frames' in capsys.readouterr().out
    stem = 'walk' if name == 'walk.avi' else 'webcam_walk'
    content = json.loads((tmp_path / f'out/{stem}.json').read_text())
    frames = content['frames']
    assert content['fps'] == 10
    assert [f['frame_id'] for f in frames] == [0, 1, 2]
    movie = cv2.VideoCapture(str(tmp_path / f'out/{stem}.mp4'))
    assert movie.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    movie.release()


@pytest.mark.parametrize('count', [0, 3])
def test_a_video_without_a_result_fails(run, tmp_path, count, capsys):
    """No frame at all, or all of another size than the camera's."""
    path = str(tmp_path / 'walk.avi')
    code = cv2.VideoWriter_fourcc(*'MJPG')
    writer = cv2.VideoWriter(path, code, 10, (96, 64))
    for _ in range(count):
        writer.write(np.zeros((64, 96, 3), np.uint8))
    writer.release()
    camera = tmp_path / 'camera.json'
    camera.write_text(json.dumps(dict(f=[9, 9], c=[4, 4], w=8, h=8)))
    assert run('image_to_pose', path, '--camera', camera) == 1
    error = capsys.readouterr().err
    assert list((tmp_path / 'out').iterdir()) == []
    if count:
        assert 'error: walk_000000: ' in error
        assert error.count('of 8 x 8 px') == count
    else:
        assert 'walk.avi: no frame was read' in error


def test_errors_of_videos_are_one_line(run, tmp_path, capsys):
    assert run('image_to_pose', tmp_path / 'none.mp4') == 1
    assert capsys.readouterr().err.strip().endswith('no such video')


def test_a_gpu_that_is_not_there_is_one_line(run, folder, monkeypatch, capsys):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    assert run('image_to_pose', folder, '--device', 'cuda:0') == 1
    error = capsys.readouterr().err
    assert error == 'error: device cuda:0: torch sees no CUDA GPU here\n'
