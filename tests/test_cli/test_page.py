"""The web page: its limits, and a visit in a headless browser."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from integral_mmpose.apis import TopdownPoseModel, load_pose_model
from integral_mmpose.cli import page as demo_page
from integral_mmpose.cli.main import main
from integral_mmpose.geometry import Person
from integral_mmpose.inference import ImageResult, PoseInferencer

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which('chromium')
# Nothing of the browser itself may look for the network, and there is no GPU.
FLAGS = (
    '--no-sandbox --disable-gpu --disable-quic --no-first-run '
    '--disable-background-networking --disable-component-update '
    '--disable-sync --enable-unsafe-swiftshader'
).split()
SECONDS = 120  # of patience, on a machine that does other things

pytestmark = pytest.mark.filterwarnings('ignore')


@pytest.fixture(scope='module')
def demo():
    return demo_page


@pytest.fixture(scope='module')
def infer(config, checkpoint):
    return PoseInferencer(
        TopdownPoseModel(load_pose_model(config, checkpoint))
    )


@pytest.fixture(scope='module')
def app(demo, infer):
    return demo.PoseApp(infer, {})


@pytest.fixture
def picture(tmp_path):
    rng = np.random.default_rng(0)
    path = str(tmp_path / 'picture.png')
    cv2.imwrite(path, rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))
    return path


def test_an_answer_holds_one_person(app, demo, picture):
    found = app(picture, demo.WHOLE)
    assert found.message.startswith('**1 person**')
    height, width = found.overlay.shape[:2]
    assert height * 4 == width * 3 and width % 120 == 0
    content = json.loads(open(found.json_path).read())
    [person] = content['images']['picture.png']
    assert len(person['keypoints']) == len(content['keypoint_names']) == 18
    joints = [t for t in found.figure.data if t.mode == 'markers']
    assert len(joints) == 1 and len(joints[0].x) == 18


@pytest.mark.parametrize('mode', ['L', 'RGBA', 'P', '1'])
def test_other_pictures_work(app, demo, tmp_path, mode):
    path = tmp_path / 'picture.png'
    Image.new(mode, (40, 30)).save(path)
    assert app(str(path), demo.WHOLE).message.startswith('**1 person**')


def test_a_photograph_is_shown_upright(app, demo, tmp_path):
    path = tmp_path / 'turned.jpg'
    exif = Image.Exif()
    exif[274] = 6  # to be turned by 90 degrees
    Image.new('RGB', (60, 30)).save(path, exif=exif)
    overlay = app(str(path), demo.WHOLE).overlay
    assert overlay.shape[0] == 2 * overlay.shape[1]


@pytest.mark.parametrize(
    ('name', 'content'),
    [('note.png', b'a text'), ('empty.jpg', b''), ('a.svg', b'<svg/>')],
)
def test_other_files_are_refused(app, demo, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match='not a supported image'):
        app(str(path), demo.WHOLE)


def test_a_gif_is_refused(app, demo, tmp_path):
    path = tmp_path / 'picture.png'
    Image.new('RGB', (8, 8)).save(path, 'GIF')
    with pytest.raises(ValueError, match='JPEG, PNG'):
        app(str(path), demo.WHOLE)


def test_too_many_pixels_are_refused_before_they_are_decoded(demo, tmp_path):
    path = tmp_path / 'bomb.png'
    Image.new('1', (10_000, 8_000)).save(path)
    assert path.stat().st_size < 50_000
    with pytest.raises(ValueError, match='10000 x 8000'):
        demo.check_upload(str(path))


def test_photographs_of_two_pictures_are_taken(app, demo, tmp_path):
    """MPO: what phones write, a JPEG with a second picture behind it."""
    path = tmp_path / 'portrait.jpg'
    pictures = [Image.new('RGB', (40, 30), color) for color in ('red', 'blue')]
    pictures[0].save(path, 'MPO', save_all=True, append_images=pictures[1:])
    assert app(str(path), demo.WHOLE).message.startswith('**1 person**')


@pytest.mark.parametrize('kind', ['PNG', 'WEBP'])
def test_of_an_animation_the_first_picture_is_taken(app, demo, tmp_path, kind):
    path = tmp_path / 'moving'
    pictures = [Image.new('RGB', (40, 30), c) for c in ('red', 'blue')]
    pictures[0].save(path, kind, save_all=True, append_images=pictures[1:])
    found = app(str(path), demo.WHOLE)
    assert found.message.startswith('**1 person**')
    red, _, blue = found.overlay[0, 0]
    assert red > 200 and blue < 50


def test_why_a_picture_has_no_result_is_said(demo, infer, picture):
    camera = dict(f=[9, 9], c=[4, 4], w=8, h=8)
    app = demo.PoseApp(infer, dict(camera=camera))
    with pytest.raises(ValueError, match='of 8 x 8 px but the image has 120'):
        app(picture, demo.WHOLE)


def test_no_picture_asks_for_one(app, demo):
    with pytest.raises(ValueError, match='Drop an image'):
        app(None, demo.WHOLE)


def test_a_picture_of_no_single_person_is_doubted(app, demo, picture):
    """The maps of a random model are flat."""
    assert demo.DOUBT in app(picture, demo.WHOLE).message


def test_nobody_found_is_said(demo):
    assert 'No person was found' in demo.summary_of([])


def test_only_this_machine_by_default(demo, monkeypatch):
    pages = []

    def build(*_):
        def launch(**options):
            pages.append(options)
            return None, 'http://127.0.0.1:1', None

        return SimpleNamespace(launch=launch, block_thread=lambda: None)

    monkeypatch.setattr(demo, 'check_address', lambda *_: None)
    monkeypatch.setattr(demo, 'build_page', build)
    assert main(['web']) == 0
    assert pages[0]['server_name'] == '127.0.0.1' and not pages[0]['share']


@pytest.mark.parametrize('port', ['0', '65536', '99999', '-1', 'x'])
def test_a_port_that_cannot_be_is_a_usage_error(port):
    with pytest.raises(SystemExit, match='2'):
        main(['web', '--port', port])


def test_a_port_that_is_taken_is_named(demo, capsys):
    pytest.importorskip('gradio')
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        assert main(['web', '--port', str(port)]) == 1
    error = capsys.readouterr().err
    assert f'127.0.0.1, port {port}: Address already in use' in error
    assert 'another --port' in error and 'GRADIO' not in error
    with pytest.raises(ValueError, match='192.0.2.1, port 80.*--host'):
        demo.check_address('192.0.2.1', 8000)  # of no machine
    demo.check_address('127.0.0.1', port)


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        (['--fov', '0'], 'fov must be degrees'),
        (['--camera', 'none.json'], 'none.json: No such file'),
        (['--fov', '60', '--root-depth', '-1'], 'positive number of mm'),
    ],
)
def test_a_camera_that_cannot_be_is_told_at_once(capsys, options, reason):
    pytest.importorskip('gradio')
    assert main(['web', *options]) == 1
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize('option', ['--boxes', '--box', '--max-megapixels'])
def test_the_page_has_boxes_and_limits_of_its_own(option, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['web', option, '1'])
    assert f'unrecognized arguments: {option}' in capsys.readouterr().err


def test_what_the_page_needs_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    assert main(['web']) == 1
    assert "pip install 'integral_mmpose[web]'" in capsys.readouterr().err


@pytest.fixture
def url(config, checkpoint):
    """The page, served by a process of its own."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    command = [sys.executable, 'demo/app.py', '--config', config]
    command += ['--checkpoint', checkpoint, '--port', str(port)]
    environment = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED='1')
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    try:
        for line in server.stdout:
            lines.append(line)
            found = re.search(r'http://[\d.]+:\d+', line)
            if found:
                break
        else:
            pytest.fail('the page was not served: ' + ''.join(lines[-5:]))
        yield found[0]
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


@pytest.mark.skipif(CHROMIUM is None, reason='needs chromium')
def test_a_visit(url, picture, tmp_path):
    """Upload, see joints and a 3D canvas, download; all from this machine."""
    sync_api = pytest.importorskip('playwright.sync_api')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS
        )
        page = browser.new_page()
        page.set_default_timeout(1000 * SECONDS)
        asked = []
        page.on('request', lambda request: asked.append(request.url))
        page.goto(url)
        upload = '#picture input[type=file]'
        page.wait_for_selector(upload, state='attached')
        page.set_input_files(upload, picture)
        page.wait_for_selector('#picture img')
        page.get_by_role('button', name='Find poses').click()
        page.wait_for_selector('#pose3d canvas')
        overlay = page.wait_for_selector('#overlay img')
        size = overlay.evaluate('image => [image.naturalWidth]')
        assert '1 person' in page.inner_text('#message')
        with page.expect_download() as download:
            page.get_by_role('button', name='Download JSON').click()
        content = json.loads(open(download.value.path()).read())
        browser.close()
    assert size[0] >= 120
    assert [len(p) for p in content['images'].values()] == [1]
    elsewhere = [
        name for name in asked if not name.startswith((url, 'data:', 'blob:'))
    ]
    assert asked and elsewhere == []


def test_results_of_visitors_do_not_pile_up(app, demo, monkeypatch):
    monkeypatch.setattr(demo, 'KEPT_FILES', 3)
    results = [
        ImageResult(
            '/tmp/gradio/5f/a.png',
            people=[Person(np.zeros(4), n / 8, np.zeros((1, 2)), np.ones(1))],
        )
        for n in range(8)
    ]
    paths = [Path(app.write_json(result)) for result in results]
    assert [path.exists() for path in paths] == [False] * 5 + [True] * 3
    kept = [
        json.loads(path.read_text())['images']['a.png'] for path in paths[5:]
    ]
    assert [p['bbox_score'] for [p] in kept] == [5 / 8, 6 / 8, 7 / 8]
    assert len(list(Path(app.folder.name).iterdir())) == 3


def test_messages_show_no_folder_of_the_server(demo):
    clean = demo.without_folders
    assert clean('/tmp/gradio/5f/a.png: bad') == 'a.png: bad'
    assert clean("in '/srv/x/cam.json': no fx") == "in 'cam.json': no fx"
    assert clean('see https://a.org/b/c') == 'see https://a.org/b/c'
    assert clean('90 px/s and 1/2') == '90 px/s and 1/2'
