"""Folders, videos, webcams and lists as frames."""

import logging
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from integral_mmpose.inference import list_images, open_source, sources


@pytest.fixture
def warnings_(caplog):
    """What was logged, as warnings."""
    caplog.set_level(logging.INFO, sources.__name__)
    return caplog


def test_folder_gives_images_by_name(tmp_path, image):
    (tmp_path / 'sub').mkdir()
    for name in ('b.png', 'a.png', 'sub/c.PNG'):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / 'a.txt').write_text('no image')
    source = open_source(tmp_path)
    names = [str(tmp_path / n) for n in ('a.png', 'b.png', 'sub/c.PNG')]
    assert [frame.name for frame in source] == names
    assert len(source) == 3
    assert all(np.array_equal(frame.image, image) for frame in source)


def test_numbered_frames_come_in_their_order(tmp_path, image):
    for number in range(12):
        cv2.imwrite(str(tmp_path / f'frame_{number}.png'), image)
    found = [Path(p).stem for p in list_images(tmp_path)]
    assert found == [f'frame_{number}' for number in range(12)]
    assert found != sorted(found)


@pytest.mark.parametrize('bad', [5, None, 2.5])
def test_what_is_no_input_is_named(bad):
    with pytest.raises(ValueError, match=f'got {type(bad).__name__}'):
        open_source(bad)


def test_results_in_a_folder_of_images_are_no_images(tmp_path, image):
    """Those of the run before, in a folder below; a folder is no file."""
    (tmp_path / 'album.png').mkdir()
    (tmp_path / 'out').mkdir()
    (tmp_path / 'outer').mkdir()
    for name in ('a.png', 'out/a.png', 'outer/b.png'):
        cv2.imwrite(str(tmp_path / name), image)
    found = list_images(tmp_path, str(tmp_path / 'out'))
    assert found == [str(tmp_path / n) for n in ('a.png', 'outer/b.png')]
    assert len(list_images(tmp_path)) == 3
    # The folder of the results may be above that of the images.
    assert list_images(tmp_path / 'out', str(tmp_path)) == [
        str(tmp_path / 'out/a.png')
    ]
    by_name = str(tmp_path / 'out/a.png')
    assert list_images(by_name, str(tmp_path / 'out')) == [by_name]
    with pytest.raises(ValueError, match='another output folder'):
        list_images(tmp_path, str(tmp_path / 'out/..'))


def test_a_bad_file_of_a_list_stops_nothing(tmp_path, image):
    cv2.imwrite(str(tmp_path / 'good.png'), image)
    (tmp_path / 'bad.png').write_bytes(b'x')
    paths = [tmp_path / n for n in ('bad.png', 'good.png', 'none.png')]
    frames = list(open_source([*paths, np.zeros((2, 2))]))
    assert [frame.image is None for frame in frames] == [True, False, True, 1]
    assert 'bad.png: cannot be decoded' in frames[0].error
    assert 'none.png: no such file' in frames[2].error
    assert '00000003: must be uint8' in frames[3].error


def test_a_single_bad_input_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.png'):
        open_source(str(tmp_path / 'none.png'))
    with pytest.raises(FileNotFoundError, match='none.mp4: no such video'):
        open_source(str(tmp_path / 'none.mp4'))
    with pytest.raises(ValueError, match='the folder has no image'):
        open_source(tmp_path)
    with pytest.raises(ValueError, match='uint8'):
        open_source(np.zeros((2, 2)))
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(ValueError, match='cannot be opened as a video'):
        open_source(str(tmp_path / 'text.mp4'))


def test_files_and_urls_stay_as_they_are():
    for path in ('x.jpg', 'http://host/y'):
        assert list_images(path) == [path]


def test_video(write_video, warnings_):
    source = open_source(write_video(5))
    assert source.video and not source.live
    assert source.fps == 20 and len(source) == 5
    frames = list(source)
    assert [f.name for f in frames] == [f'walk_{n:06d}' for n in range(5)]
    for number, frame in enumerate(frames):
        assert abs(frame.image.mean() - 20 * number) < 3
    assert not warnings_.messages


def test_a_truncated_video_gives_frames_up_to_the_cut(write_video, warnings_):
    path = write_video(12, size=(640, 480))
    with open(path, 'r+b') as file:
        size = file.seek(0, 2)
        file.truncate(size // 2)
    source = open_source(path)
    frames = list(source)
    assert 0 < len(frames) < len(source) == 12
    assert f'ends after {len(frames)} of 12 frames' in warnings_.messages[0]


def test_a_video_without_frames_is_said(write_video, warnings_):
    assert list(open_source(write_video(0))) == []
    assert len(warnings_.messages) == 1
    assert 'walk.avi: the video has no frame' in warnings_.messages[0]


def test_a_video_of_a_phone_is_upright(tmp_path):
    """It is stored on its side, and its file says so; so do photographs.

    The default of OpenCV 4.11 shows it lying.
    """
    upright = np.zeros((96, 64, 3), np.uint8)
    upright[:48] = 200
    path = tmp_path / 'phone.mp4'
    code = cv2.VideoWriter_fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(path), code, 20, (96, 64))
    for _ in range(3):
        writer.write(cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE))
    writer.release()
    content = bytearray(path.read_bytes())
    start = content.find(b'tkhd') + 44  # the matrix of the display
    turned = (0, 65536, 0, -65536, 0, 0, 64 << 16, 0, 1 << 30)
    content[start : start + 36] = struct.pack('>9i', *turned)
    path.write_bytes(content)
    for frame in open_source(str(path)):
        assert frame.image.shape == upright.shape
        assert np.abs(frame.image.astype(int) - upright).mean() < 5


def test_a_link_to_nothing_is_named(tmp_path, image):
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    (tmp_path / 'b.png').symlink_to(tmp_path / 'gone.png')
    names = [Path(path).name for path in list_images(str(tmp_path))]
    assert names == ['a.png', 'b.png']


def test_video_by_url(write_video, server):
    write_video(4)
    assert len(list(open_source(f'{server}/walk.avi'))) == 4
    with pytest.raises(ValueError, match='none.avi: cannot be opened'):
        open_source(f'{server}/none.avi')


@pytest.mark.parametrize('name', ['webcam', 'webcam:0', 'webcam:3'])
def test_webcam_number(name, write_video, monkeypatch):
    """A video stands in for the device that OpenCV would open."""
    opened, real, path = [], cv2.VideoCapture, write_video(3)

    def capture(device):
        opened.append(device)
        return real(path)

    monkeypatch.setattr(cv2, 'VideoCapture', capture)
    source = open_source(name)
    assert source.live and source.video and len(source) == 0
    assert len(list(source)) == 3
    assert opened == [3 if name.endswith('3') else 0]


def test_webcam_device_file(write_video):
    source = open_source(f'webcam:{write_video(2)}')
    assert source.live and len(list(source)) == 2
    with pytest.raises(ValueError, match='cannot be opened as a camera'):
        open_source('webcam:/dev/none')


def test_other_files_of_a_folder_are_named(tmp_path, caplog):
    for name in ('b.GIF', 'a.heic', 'c.avif'):
        (tmp_path / name).write_bytes(b'')
    names = [Path(p).name for p in list_images(tmp_path)]
    assert names == ['a.heic', 'b.GIF', 'c.avif'] and not caplog.messages
    for name in ('notes.txt', 'walk.mpg'):
        (tmp_path / name).write_bytes(b'')
    assert len(list_images(tmp_path)) == 3
    [line] = caplog.messages
    assert 'are ignored' in line and line.endswith('notes.txt, walk.mpg')


def test_times_of_the_frames(write_video, image, tmp_path):
    """20 frames a second are 50 ms apart; a folder as a video likewise."""
    times = [frame.time_ms for frame in open_source(write_video(4))]
    np.testing.assert_allclose(times, [0, 50, 100, 150], atol=1)
    for name in 'ba':
        cv2.imwrite(str(tmp_path / f'{name}.png'), image)
    (tmp_path / 'walk.avi').unlink()
    source = open_source(tmp_path, fps=25)
    assert source.video and source.fps == 25 and source.name == tmp_path.name
    assert [frame.time_ms for frame in source] == [0, 40]
    assert [frame.time_ms for frame in open_source(tmp_path)] == [None] * 2


def test_animations_are_videos_and_phone_photographs_are_not(tmp_path):
    """By what is in the file, not by its name."""
    frames = [Image.new('RGB', (64, 48), c) for c in ('red', 'blue', 'green')]
    for name, kind in (('a.gif', 'GIF'), ('b.jpg', 'MPO')):
        frames[0].save(
            tmp_path / name, kind, save_all=True, append_images=frames[1:]
        )
    frames[0].save(tmp_path / 'still.gif')
    assert sources.is_video(str(tmp_path / 'a.gif'))
    assert len(list(open_source(tmp_path / 'a.gif'))) == 3
    for name in ('b.jpg', 'still.gif'):
        assert not sources.is_video(str(tmp_path / name))
        assert len(open_source(tmp_path / name)) == 1


def test_a_video_of_any_suffix(write_video, tmp_path):
    path = Path(write_video(2))
    for name in ('walk.wmv', 'walk.dat'):
        (tmp_path / name).write_bytes(path.read_bytes())
        assert len(list(open_source(tmp_path / name))) == 2
    (tmp_path / 'notes.dat').write_text('no video')
    with pytest.raises(ValueError, match='cannot be decoded as an image'):
        open_source(tmp_path / 'notes.dat')


def test_a_stream_is_live(monkeypatch, write_video):
    real, path = cv2.VideoCapture, write_video(2)
    monkeypatch.setattr(cv2, 'VideoCapture', lambda device: real(path))
    source = open_source('rtsp://camera.local:554/door')
    assert source.live and source.name == 'stream_door'
    assert len(list(source)) == 2
