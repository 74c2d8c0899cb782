"""Animations, iterators, and an image that has been read already."""

import numpy as np
import pytest
from PIL import Image

from integral_mmpose.inference import frames, open_source
from integral_mmpose.inference.frames import AnimationSource, ImageSource

COLORS = ('red', 'blue', 'green')
#: How long each picture is shown.
MS = [50, 100, 250]


@pytest.fixture(params=['GIF', 'WEBP', 'PNG'])
def animation(request, tmp_path):
    path = tmp_path / f'moving.{request.param.lower()}'
    pictures = [Image.new('RGB', (64, 48), color) for color in COLORS]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=MS
    )
    return path


def test_pictures_and_times_of_an_animation(animation):
    source = open_source(animation)
    assert isinstance(source, AnimationSource) and source.video
    assert len(source) == 3 and source.fps == pytest.approx(3000 / 400)
    for _ in range(2):  # it can be read again
        found = list(source)
        assert [frame.time_ms for frame in found] == [0, 50, 150]
        assert [frame.name for frame in found] == [
            f'moving_{n:06d}' for n in range(3)
        ]
        for frame, color in zip(found, ('red', 'blue', (0, 128, 0))):
            wanted = np.asarray(Image.new('RGB', (1, 1), color))[0, 0, ::-1]
            off = np.abs(frame.image.astype(int) - wanted).max()
            assert frame.image.shape == (48, 64, 3) and off <= 4  # WebP


def test_a_picture_without_a_time_is_shown_for_100_ms(tmp_path):
    """As browsers do."""
    pictures = [Image.new('L', (8, 8), shade) for shade in (0, 200)]
    pictures[0].save(
        tmp_path / 'a.gif', save_all=True, append_images=pictures[1:]
    )
    source = open_source(tmp_path / 'a.gif')
    assert source.fps == 10
    assert [frame.time_ms for frame in source] == [0, 100]


def test_a_cut_animation_gives_the_pictures_before_the_cut(tmp_path, caplog):
    rng = np.random.default_rng(0)
    pictures = [
        Image.fromarray(rng.integers(0, 255, (90, 90, 3), np.uint8))
        for _ in range(6)
    ]
    path = tmp_path / 'a.gif'
    pictures[0].save(path, save_all=True, append_images=pictures[1:])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    source = open_source(path)
    assert 0 < len(list(source)) == len(source) < 6
    assert 'a.gif: the animation ends after' in caplog.text


def test_an_animation_too_large_is_refused(animation):
    with pytest.raises(ValueError, match='64 x 48 px, more than 0.001 mega'):
        open_source(animation, max_megapixels=1e-3)


def test_an_iterator_is_read_as_it_goes(image):
    """A caller's own camera: nothing is kept, nothing is read ahead."""
    taken = []

    def camera():
        for number in range(10**9):
            taken.append(number)
            yield image

    source = open_source(camera(), fps=30)
    assert len(source) == 0 and source.video
    found = [frame for _, frame in zip(range(3), source)]
    assert [frame.name for frame in found] == [f'{n:08d}' for n in range(3)]
    assert len(taken) <= 4


@pytest.mark.parametrize('as_array', [False, True])
def test_a_single_image_is_read_once(tmp_path, image, monkeypatch, as_array):
    path = tmp_path / 'a.png'
    Image.fromarray(image[..., ::-1]).save(path)
    reads = []
    real = frames.read_image

    def read(*args):
        reads.append(args)
        return real(*args)

    monkeypatch.setattr(frames, 'read_image', read)
    monkeypatch.setattr('integral_mmpose.inference.sources.read_image', read)
    source = open_source(image if as_array else path)
    [frame] = source
    np.testing.assert_array_equal(frame.image, image)
    assert len(reads) == (0 if as_array else 1)
    assert len(list(source)) == 1  # a second time


def test_paths_of_a_source_are_files(image):
    assert ImageSource(['a.png', image, 7]).paths == ['a.png']


@pytest.mark.parametrize('bad', [b'photo.jpg', {'photo.jpg': 1}])
def test_bytes_and_dicts_are_no_inputs(bad):
    with pytest.raises(ValueError, match=f'got {type(bad).__name__}'):
        open_source(bad)
