"""integral-pose in this process, as a user types it."""

import json
import os
import resource
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

from integral_mmpose.cli import run as run_module
from integral_mmpose.cli.main import main
from integral_mmpose.inference import inferencer as module

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(onnx_model, tmp_path, monkeypatch):
    """The command with a random model, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*options, model=onnx_model):
        given = ['--model', model] if model else []
        return main([*map(str, options), *given])

    return run


@pytest.fixture
def photos(tmp_path, image):
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name in 'ab':
        cv2.imwrite(str(folder / f'{name}.png'), image)
    return folder


@pytest.fixture
def signals():
    """The command sets handlers: afterwards they are as before."""
    kept = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    # Ignored in what a shell starts in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def result(path='poses/poses.json'):
    return json.loads(Path(path).read_text())


def test_a_folder(run, photos, capsys):
    assert run('photos') == 0
    printed = capsys.readouterr()
    assert printed.err.startswith('no detector: each image is treated as one')
    assert 'a detector (--detector' in printed.err.splitlines()[0]
    assert printed.err.count('no detector') == 1
    assert printed.out == '2 people in 2 images -> poses\n'
    content = result()
    assert list(content['images']) == ['photos/a.png', 'photos/b.png']
    for [person] in content['images'].values():
        assert person['bbox'] == [0, 0, 200, 160]
        assert len(person['keypoints']) == len(content['keypoint_names'])
        assert 'track_id' not in person
    assert content['model'] == 'pose.onnx' and content['units']
    for parent, child in content['skeleton_links']:
        assert max(parent, child) < 18
    assert sorted(p.name for p in Path('poses').iterdir()) == [
        *('a.png', 'b.png', 'poses.json')
    ]


def test_a_picture_that_shows_no_single_person_is_reported(
    run, photos, capsys
):
    """The maps of a random model are flat: scores are about 0.25."""
    assert run('photos/a.png') == 0
    error = capsys.readouterr().err
    assert 'warning: photos/a.png: the mean score of the joints is 0.' in error
    assert 'several people' in result()['notes']['photos/a.png']
    assert run('photos/a.png', '--box', 10, 10, 60, 90) == 0
    assert 'mean score' not in capsys.readouterr().err


def test_json_html_and_boxes(run, photos, capsys):
    Path('boxes.json').write_text(
        json.dumps({'a.png': [[10, 20, 60, 90], [60, 20, 120, 90]]})
    )
    options = ['--json', '--html', '--boxes', 'boxes.json', '--fov', 60]
    assert run('photos', *options) == 1
    content = result()
    assert 'no entry for b.png' in content['failed']['photos/b.png']
    [people] = content['images'].values()
    assert len(people) == 2 and 'keypoints_camera_mm' in people[0]
    assert sorted(p.name for p in Path('poses').iterdir()) == [
        *('a.html', 'poses.json')
    ]


def test_given_boxes_are_all_used_unless_a_threshold_is_given(run, photos):
    detections = [
        dict(image_id=7, category_id=1, bbox=[5, 5, 90, 90], score=score)
        for score in (0.1, 0.4, 0.9)
    ]
    Path('d.json').write_text(json.dumps(detections))
    (photos / 'a.png').rename('7.png')
    options = ['7.png', '--boxes', 'd.json', '--json']
    for given, scores in (
        ([], [0.1, 0.4, 0.9]),
        (['--det-threshold', 0.4], [0.4, 0.9]),
        (['--det-threshold', 1], []),
    ):
        assert run(*options, *given) == 0
        [people] = result()['images'].values()
        assert [p['bbox_score'] for p in people] == pytest.approx(scores)


def test_a_killed_run_leaves_the_video_of_an_earlier_one(
    run, write_video, onnx_model, monkeypatch
):
    """And a run without a result leaves what the killed one has written."""
    video = write_video(4)
    assert run(video) == 0
    before = {p.name: p.read_bytes() for p in Path('poses').iterdir()}
    assert set(before) == {'walk.json', 'walk.mp4'}
    code = (
        'import os;from integral_mmpose.inference import inferencer as module;'
        'from integral_mmpose.cli.main import main;'
        'real = module.render_frame; seen = [];'
        'module.render_frame = lambda *a: (seen.append(1), '
        'len(seen) == 3 and os.kill(os.getpid(), 9), real(*a))[-1];'
        f'main([{str(video)!r}, "--model", {str(onnx_model)!r}])'
    )
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run([sys.executable, '-c', code], env=environment)
    assert done.returncode == -9
    kept = {p.name: p.read_bytes() for p in Path('poses').iterdir()}
    assert {name: kept[name] for name in before} == before
    assert len(kept['walk.json.partial'].splitlines()) == 2
    Path('none.json').write_text('{}')
    assert run(video, '--boxes', 'none.json') == 1
    assert (
        Path('poses/walk.json.partial').read_bytes()
        == (kept['walk.json.partial'])
    )


def test_an_error_of_every_frame_is_counted(run, write_video, capsys):
    """Ten are printed; the others are a number. Earlier files stay."""
    video = write_video(25)
    assert run(video) == 0
    files = ('poses/walk.json', 'poses/walk.mp4')
    before = [Path(name).read_bytes() for name in files]
    Path('boxes.json').write_text('{"walk_000003": [[9, 9, 60, 60]]}')
    Path('none.json').write_text('{}')
    capsys.readouterr()
    assert run(video, '--boxes', 'none.json') == 1
    printed = capsys.readouterr()
    assert printed.err.count('none.json: no entry for walk_') == 10
    assert 'error: and 15 more' in printed.err
    assert 'the MP4 shows' not in printed.err
    assert printed.out == 'no result, nothing was written\n'
    assert [Path(name).read_bytes() for name in files] == before
    assert not Path('poses/walk.json.partial').exists()
    assert run(video, '--boxes', 'boxes.json') == 1
    printed = capsys.readouterr()
    assert 'error: and 14 more' in printed.err
    assert printed.out == '1 person in 1 frame -> poses\n'
    frames = result('poses/walk.json')['frames']
    assert [n for n, f in enumerate(frames) if 'error' not in f] == [3]


def test_a_folder_of_inputs_is_no_out(run, photos, capsys):
    """Nothing is done: not the other inputs, either."""
    before = sorted(photos.iterdir())
    inputs = ['photos', 'photos/a.png', 'none.png']
    assert run(*inputs, '--out', 'photos/.') == 1
    assert 'Choose another output folder' in capsys.readouterr().err
    assert sorted(photos.iterdir()) == before


def test_a_run_without_a_result_replaces_none(run, photos, capsys):
    assert run('photos', '--json') == 0
    before = Path('poses/poses.json').read_bytes()
    capsys.readouterr()
    (photos / 'b.png').write_bytes(b'')
    Path('b.json').write_text('{}')
    for options in (
        ['photos/b.png'],
        ['photos/a.png', '--boxes', 'b.json'],
        ['none.png', 'photos/b.png'],
    ):
        assert run(*options, '--json') == 1
        assert 'people in' not in capsys.readouterr().out
        assert Path('poses/poses.json').read_bytes() == before
    assert run('photos', '--json') == 1
    assert list(result()['failed']) == ['photos/b.png']


@pytest.mark.filterwarnings('always:camera.json')
def test_a_warning_is_one_line(run, photos, capsys):
    camera = dict(fx=100, fy=100, cx=99, cy=79, k=[0.1, 0, 0])
    Path('camera.json').write_text(json.dumps(camera))
    assert run('photos', '--camera', 'camera.json', '--json') == 0
    error = capsys.readouterr().err
    assert 'warning: camera.json: lens distortion or skew (k) is not' in error
    assert 'UserWarning' not in error and '.py' not in error


def test_images_and_videos_together(run, photos, write_video, capsys):
    assert run('photos/a.png', write_video(3), '--smooth') == 0
    assert '4 people in 1 image and 3 frames' in capsys.readouterr().out
    frames = result('poses/walk.json')['frames']
    assert [f['instances'][0]['track_id'] for f in frames] == [0, 0, 0]
    assert Path('poses/walk.mp4').stat().st_size > 0
    assert len(result()['images']) == 1


def test_a_folder_as_a_video(run, photos, capsys):
    assert run('photos', '--video', 10) == 0
    content = result('poses/photos.json')
    assert content['fps'] == 10
    assert [f['time_ms'] for f in content['frames']] == [0, 100]
    assert not Path('poses/poses.json').exists()
    assert run('photos/a.png', '--video') == 1
    assert '--video needs a folder' in capsys.readouterr().err


def test_an_unreadable_frame_is_named_and_keeps_its_time(run, photos, capsys):
    (photos / 'ab.png').write_bytes(b'')
    assert run('photos', '--video', 10) == 1
    printed = capsys.readouterr()
    assert 'error: photos/ab.png: cannot be decoded' in printed.err
    assert 'the MP4 repeats the frame before' in printed.err
    assert '2 people in 2 frames' in printed.out
    frames = result('poses/photos.json')['frames']
    assert [f['time_ms'] for f in frames] == [0, 100, 200]
    assert ['error' in f for f in frames] == [False, True, False]
    movie = cv2.VideoCapture('poses/photos.mp4')
    assert movie.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    movie.release()


def test_videos_of_one_name_keep_their_results(
    run, photos, write_video, capsys
):
    """Also the one that is called as the file of the images."""
    Path('x').mkdir()
    inputs = [
        write_video(2, name='walk.avi'),
        write_video(3, name='x/walk.avi'),
        write_video(4, name='poses.avi'),
    ]
    assert run(*inputs, 'photos/a.png', 'photos', '--json') == 0
    counts = {
        p.name: len(result(p)['frames'])
        for p in Path('poses').iterdir()
        if p.name != 'poses.json'
    }
    assert counts == {'walk.json': 2, 'walk_2.json': 3, 'poses_2.json': 4}
    # An image that is given twice is there once.
    assert list(result()['images']) == ['photos/a.png', 'photos/b.png']
    assert '11 people in 2 images and 9 frames' in capsys.readouterr().out


@pytest.mark.parametrize('bad', ['none.jpg', 'none.mp4', 'empty', 'torn.png'])
def test_one_bad_input_of_several_stops_no_other(
    run, photos, write_video, bad, capsys
):
    Path('empty').mkdir()
    Path('torn.png').write_bytes(b'')
    assert run(bad, 'photos', write_video(2), '--json') == 1
    printed = capsys.readouterr()
    assert f'error: {bad}: ' in printed.err
    assert '4 people in 2 images and 2 frames' in printed.out


def test_a_pipe_is_no_image(run, capsys):
    """It would wait for its other end."""
    os.mkfifo('pipe.jpg')
    assert run('pipe.jpg') == 1
    assert 'pipe.jpg: no such file' in capsys.readouterr().err


def test_a_video_without_frames_is_an_error(run, write_video, capsys):
    assert run(write_video(0), '--json') == 1
    printed = capsys.readouterr()
    assert 'walk.avi: no frame was read' in printed.err
    assert printed.out == 'no result, nothing was written\n'


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        (['none.jpg'], 'none.jpg: no such file'),
        (['none/'], 'none/: no such file'),
        (['none.mp4'], 'none.mp4: no such video'),
        (['webcam:/dev/none'], 'cannot be opened as a camera'),
        (['empty'], 'empty: the folder has no image'),
        (['torn.png'], 'torn.png: cannot be decoded'),
        (['photos', '--boxes', 'none.json'], 'none.json: No such file'),
        (
            ['photos', '--boxes', 'torn.png'],
            'is not a JSON file with boxes: {',
        ),
        (['photos', '--boxes', 'empty'], 'annotation file (it is a folder)'),
        (['photos/a.png', '--boxes', 'b.json'], 'b.json: no entry for a.png'),
        (['photos', '--camera', 'torn.png'], 'torn.png: is not a JSON'),
        (['photos', '--camera', 'empty'], 'a camera (it is a folder). Write'),
        (['photos', '--fov', 60, '--root-depth', 'x'], "neither 'estimate'"),
        (['photos', '--detector', 'torn.png'], 'torn.png: ONNX Runtime'),
        (['photos', '--detector', 'MODEL'], 'is not YOLOX'),
        (['photos', '--out', 'torn.png/x'], 'torn.png/x: a file is there'),
        (['photos', '--out', 'torn.png'], '--out torn.png: a file is there'),
        (['photos', '--video', 0], 'fps must be a positive number'),
        (['photos', '--video', 'nan'], 'fps must be a positive number'),
        (['photos', '--max-frames', 3], '--max-frames needs a video'),
        (
            ['a/walk.mp4', 'b/walk.avi', '--boxes', 'b.json'],
            'two videos are called walk: --boxes',
        ),
    ],
)
def test_mistakes_are_one_sentence(
    run, photos, onnx_model, options, reason, capfd
):
    Path('empty').mkdir()
    Path('torn.png').write_bytes(b'')
    Path('b.json').write_text('{}')
    options = [onnx_model if o == 'MODEL' else o for o in options]
    assert run(*options) == 1
    error = capfd.readouterr().err
    [line] = [x for x in error.splitlines() if x.startswith('error: ')]
    assert reason in line and 'Traceback' not in error
    assert not Path('poses/poses.json').exists()


@pytest.mark.parametrize(
    'options',
    [
        [],
        ['a', '--boxes', 'b', '--box', 1, 2, 3, 4],
        ['a', '--detector', 'd', '--boxes', 'b'],
        ['a', '--fov', 60, '--camera', 'c'],
        ['a', '--root-depth', 3000],
        ['a', '--max-frames', 0],
        ['--video', 'a'],
        ['a', '--batch-size', 0],
        ['a', '--det-threshold', 1.5],
        ['a', '--nms-threshold', 'x'],
        ['a', '--nms-threshold', 0.5],
        ['a', '--nms-threshold', 0.5, '--boxes', 'b'],
        ['a', '--det-threshold', 0.5],
        ['a', '--box', 10, 20, 5, 6],
        ['a', '--box', 1, 2, 'nan', 4],
        ['a', '--out', ''],
        ['a', '--camera', ''],
        ['a', ''],
        [''],
        ['a', '--fov', 60, '--root-depth', ''],
    ],
)
def test_contradictions_are_usage_errors(run, options):
    with pytest.raises(SystemExit, match='2'):
        run(*options)


def test_a_model_without_our_metadata_is_named(run, photos, tmp_path, capsys):
    import onnx
    from onnx.helper import make_graph, make_model, make_node, make_opsetid
    from onnx.helper import make_tensor_value_info as value_info

    ends = [value_info(n, onnx.TensorProto.FLOAT, [1]) for n in 'ab']
    graph = make_graph([make_node('Abs', 'a', 'b')], 'g', ends[:1], ends[1:])
    opset = make_opsetid('', 18)
    onnx.save(make_model(graph, opset_imports=[opset], ir_version=9), 'f.onnx')
    assert run('photos', model='f.onnx') == 1
    assert (
        'f.onnx: is not a pose model of this package'
        in capsys.readouterr().err
    )


def test_no_display_is_one_sentence(run, photos, monkeypatch, capsys):
    """Qt of OpenCV would end the process itself."""
    for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'QT_QPA_PLATFORM'):
        monkeypatch.delenv(name, raising=False)
    assert run('photos', '--show') == 1
    assert 'error: --show: there is no display' in capsys.readouterr().err
    assert not Path('poses').exists()


def test_a_display_shows_the_pictures(run, photos, monkeypatch):
    shown = []
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(run_module.subprocess, 'run', lambda *_, **__: done)
    monkeypatch.setattr(cv2, 'imshow', lambda _, image: shown.append(image))
    monkeypatch.setattr(cv2, 'waitKey', lambda _: 27)  # Esc ends it
    assert run('photos', '--show') == 0
    assert len(shown) == 1


def test_scenes_without_plotly_are_refused_at_once(
    run, photos, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, 'plotly.graph_objects', None)
    assert run('photos', '--html') == 1
    assert 'need plotly: pip install plotly' in capsys.readouterr().err
    assert not Path('poses').exists()


def test_photographs_are_not_smoothed(run, photos, write_video, capsys):
    """The filter would mix the people of one with those of the next."""
    assert run('photos', '--smooth') == 1
    assert '--smooth needs a video' in capsys.readouterr().err
    assert run('photos', write_video(2), '--smooth', '--json') == 0
    smoothed = result()['images']
    assert run('photos', '--json') == 0
    assert result()['images'] == smoothed


def test_what_failed_before_an_error_is_told(run, photos, monkeypatch, capsys):
    (photos / 'a0.png').write_bytes(b'')
    real = module.render

    def full(image, *args):
        if len(module_calls) == 1:
            raise OSError('No space left on device')
        module_calls.append(image)
        return real(image, *args)

    module_calls = []
    monkeypatch.setattr(module, 'render', full)
    assert run('photos') == 1
    error = capsys.readouterr().err
    assert 'a0.png: cannot be decoded' in error and 'No space' in error


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_python_drops_stops_the_run(
    run, photos, signals, monkeypatch, number, capsys
):
    """Exceptions in __del__ and in callbacks are only printed."""
    real, seen = module.render, []

    class Dropped:
        def __del__(self):
            signal.raise_signal(number)

    def stop(*args, **options):
        if not seen:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                Dropped()
        seen.append(1)
        return real(*args, **options)

    monkeypatch.setattr(module, 'render', stop)
    assert run('photos', '--batch-size', 1) == 130
    assert len(seen) == 1 and 'stopped: ' in capsys.readouterr().out


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_keeps_what_is_done(
    run, photos, signals, monkeypatch, number, capsys
):
    """The signal comes while the second of two images is drawn."""
    real, seen = module.render, []

    def stop(*args, **options):
        seen.append(1)
        if len(seen) == 2:
            signal.raise_signal(number)
        return real(*args, **options)

    monkeypatch.setattr(module, 'render', stop)
    assert run('photos', '--batch-size', 1) == 130
    assert 'stopped: ' in capsys.readouterr().out
    assert list(result()['images']) == ['photos/a.png']


def test_a_full_disk_keeps_what_is_done(onnx_model, photos, tmp_path):
    """A limit on the size of files: the first picture is too large."""
    code = (
        'import sys; from integral_mmpose.cli.main import main; '
        'sys.exit(main(sys.argv[1:]))'
    )
    noise = np.random.default_rng(0).integers(0, 255, (900, 900, 3), np.uint8)
    cv2.imwrite(str(photos / 'c.png'), noise)
    command = [sys.executable, '-c', code, 'photos', '--model', onnx_model]
    limit = 2**20
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (limit, limit)
        ),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'error: ' in done.stderr and 'c.png' in done.stderr
    content = result(tmp_path / 'poses/poses.json')
    assert len(content['images']) == 2


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit, match='0'):
        main(['--help'])
    text = capsys.readouterr().out
    assert 'integral-pose photo.jpg' in text and 'Exit status' in text
