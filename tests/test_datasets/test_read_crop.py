"""Decoding for the crop: equal to mmpose's at 1/1, not shifted at 1/f."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import Compose
from mmpose.datasets.transforms import RandomFlip, TopdownAffine

from h36m.camera_pickle import read_camera_pickle
from integral_mmpose.datasets import H36MImageDataset
from integral_mmpose.datasets.transforms import (
    IntegralReadImage,
    LoadImageChecked,
    RandomFlipLabels,
    ReadCrop,
    UniformBBoxTransform,
    read_crop,
)

DIRECTIONS = ['horizontal', 'vertical', 'diagonal']


@pytest.fixture(scope='module')
def picture(tmp_path_factory):
    """A smooth JPEG whose sides no factor divides."""
    noise = np.random.default_rng(0).normal(size=(1003, 995, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 12)
    low, high = blurred.min(), blurred.max()
    image = (255 * (blurred - low) / (high - low)).astype(np.uint8)
    path = tmp_path_factory.mktemp('picture') / 'a.jpg'
    path.write_bytes(cv2.imencode('.jpg', image)[1].tobytes())
    return str(path)


def person(path, side=550.0):
    rng = np.random.default_rng(1)
    return dict(
        img_path=path,
        keypoints=rng.uniform(200, 700, (1, 18, 2)).astype(np.float32),
        keypoints_visible=np.ones((1, 18), np.float32),
        flip_indices=list(range(18)),
        bbox_center=np.float32([[480, 510]]),
        bbox_scale=np.float32([[side, side]]),
    )


def load(path, steps, seed=0, **kwargs):
    np.random.seed(seed)
    return Compose(steps)(person(path, **kwargs))


def stock(size, flip):
    return [
        LoadImageChecked(),
        RandomFlip(**flip),
        UniformBBoxTransform(),
        TopdownAffine(size),
    ]


def ours(size, flip, **kwargs):
    return [
        IntegralReadImage(),
        RandomFlipLabels(**flip),
        UniformBBoxTransform(),
        ReadCrop(size, **kwargs),
    ]


@pytest.mark.parametrize('seed', range(4))
def test_whole_images_are_mmposes_to_the_bit(picture, seed):
    flip = dict(prob=[0.3, 0.3, 0.3], direction=DIRECTIONS)
    expected = load(picture, stock((96, 128), flip), seed)
    found = load(picture, ours((96, 128), flip), seed)
    assert set(found) == set(expected)
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)


def shift_between(a, b):
    """Length in px of the shift d that explains a(x) - b(x) = grad . d best.

    The step of Lucas and Kanade; exact for small shifts of smooth pictures.
    """
    a, b = (image.astype(float).mean(-1) for image in (a, b))
    inside = np.s_[3:-3, 3:-3]
    slopes = [g[inside].ravel() for g in np.gradient((a + b) / 2)]
    difference = (a - b)[inside].ravel()
    shift = np.linalg.lstsq(np.stack(slopes, 1), difference, rcond=None)[0]
    return np.linalg.norm(shift)


@pytest.mark.parametrize('direction', [None, *DIRECTIONS])
@pytest.mark.parametrize('size,factor', [(250, 2), (130, 4), (60, 8)])
def test_reduced_crops_are_not_shifted(
    picture, direction, size, factor, monkeypatch
):
    flip = dict(
        prob=float(direction is not None), direction=direction or 'horizontal'
    )
    # Draws a box of 550 px times 0.75 to 1.25; as small as the crop at least.
    kwargs = dict(sampling=550 * 0.9 / size / factor)
    size = (size, size)
    full = load(picture, stock(size, flip))
    seen = []
    read_reduced = read_crop.read_reduced
    monkeypatch.setattr(
        read_crop,
        'read_reduced',
        lambda c, f: seen.append(f) or read_reduced(c, f),
    )
    reduced = load(picture, ours(size, flip, **kwargs))
    assert seen == [factor]
    np.testing.assert_array_equal(
        reduced['transformed_keypoints'], full['transformed_keypoints']
    )
    assert reduced['img_shape'] == full['img_shape'] == (1003, 995)
    difference = cv2.absdiff(reduced['img'], full['img']).mean()
    assert difference < 2.0
    assert shift_between(reduced['img'], full['img']) < 0.01
    # The wrong reading: pixel 0 at 0, whatever the factor and the flip.
    monkeypatch.setattr(read_crop, '_first_pixel', lambda *_: np.zeros(2))
    wrong = load(picture, ours(size, flip, **kwargs))
    assert shift_between(wrong['img'], full['img']) > 0.15
    assert cv2.absdiff(wrong['img'], full['img']).mean() > difference


@pytest.mark.parametrize(
    'side,sampling,factor',
    # 550 / 64 = 8.6, 500 / 64 = 7.8 and 7.8 / 0.9 = 8.7, 127 / 64 < 2
    [
        (550, 1, 8),
        (500, 1, 4),
        (500, 0.9, 8),
        (127, 1, 1),
        (5000, 1, 8),
        (128, 1, 2),
    ]
    + [(30, 1, 1), (5000, None, 1)],
)
def test_the_factor_by_hand(picture, side, sampling, factor):
    header = IntegralReadImage()(dict(img_path=picture))['img_header']
    crop = ReadCrop((64, 32), sampling)
    sides = np.array([side, side / 2])
    assert crop._factor(dict(input_scale=sides, img_header=header)) == factor


def test_other_files_are_decoded_whole(picture, tmp_path):
    image = cv2.imread(picture)
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, image)
    flip = dict(prob=0.5)
    np.testing.assert_array_equal(
        load(path, ours((64, 64), flip, sampling=1.0))['img'],
        load(path, stock((64, 64), flip))['img'],
    )


def test_an_image_that_is_there_is_not_read_again(picture):
    image = cv2.imread(picture)
    expected = load(picture, stock((64, 64), dict(prob=1.0)))['img']
    sample = dict(person('no such file'), img=image)
    np.random.seed(0)
    steps = ours((64, 64), dict(prob=1.0), sampling=1.0)
    np.testing.assert_array_equal(Compose(steps)(sample)['img'], expected)


@pytest.mark.parametrize('direction', DIRECTIONS)
@pytest.mark.parametrize('flip', [RandomFlip, RandomFlipLabels])
@pytest.mark.parametrize('crop', [TopdownAffine, ReadCrop])
def test_a_loaded_image_is_flipped_once(picture, flip, crop, direction):
    """In every mixture of mmpose's transforms and these."""
    options = dict(direction=direction, prob=1.0)
    mixed = [
        LoadImageChecked(),
        flip(**options),
        UniformBBoxTransform(),
        crop((96, 128)),
    ]
    found = load(picture, mixed)
    expected = load(picture, stock((96, 128), options))
    np.testing.assert_array_equal(found['img'], expected['img'])
    for key in ('transformed_keypoints', 'input_center', 'input_scale'):
        np.testing.assert_array_equal(found[key], expected[key])


def test_mmposes_own_transforms_miss_the_image(picture):
    for step in (RandomFlip(prob=1.0), TopdownAffine((64, 64))):
        with pytest.raises(KeyError, match='img'):
            load(picture, [IntegralReadImage(), step])


def test_bad_files_and_arguments(picture, tmp_path):
    path = tmp_path / 'half.jpg'
    path.write_bytes(Path(picture).read_bytes()[:-3000])
    for sampling in (None, 1.0):
        with pytest.raises(ValueError, match='half.jpg.*corrupt or trunc'):
            steps = ours((64, 64), dict(prob=0.0), sampling=sampling)
            load(str(path), steps)
    path.write_bytes(b'')
    with pytest.raises(ValueError, match='half.jpg.*corrupt or truncated'):
        IntegralReadImage()(dict(img_path=str(path)))
    with pytest.raises(FileNotFoundError, match='data_root'):
        IntegralReadImage()(dict(img_path=str(tmp_path / 'none.jpg')))
    with pytest.raises(ValueError, match='sampling'):
        ReadCrop((64, 64), sampling=0)


@pytest.mark.parametrize('read', [IntegralReadImage, LoadImageChecked])
def test_a_box_outside_the_image(picture, read):
    """mmpose gives a black crop. The image has 995 x 1003 px."""
    for box, inside in (
        ([990, 10, 1200, 300], True),
        ([-50, -50, 1, 1], True),
        ([995, 10, 1200, 300], False),
        ([10, 1003, 20, 1100], False),
        ([-50, 10, 0, 300], False),
        ([10, -900, 20, -5], False),
    ):
        sample = dict(person(picture), id=7, bbox=np.float32([box]))
        if inside:
            read().transform(sample)
            continue
        with pytest.raises(ValueError, match='a.jpg: id 7: .* 995 x 1003'):
            read().transform(sample)


@pytest.mark.shared_data
@pytest.mark.skipif(
    'INTEGRAL_MMPOSE_DATA' not in os.environ,
    reason='INTEGRAL_MMPOSE_DATA is not set: needs samples/h36m',
)
def test_reduced_crops_of_real_frames(tmp_path):
    samples = Path(os.environ['INTEGRAL_MMPOSE_DATA'], 'samples/h36m')
    cameras = tmp_path / 'cameras.json'
    cameras.write_text(
        json.dumps(read_camera_pickle(str(samples / 'cameras.pkl')))
    )
    crops = []
    for sampling in (None, 1.0):
        dataset = H36MImageDataset(
            data_root=str(samples),
            ann_file='test_h36m_body3d.npz',
            camera_file=str(cameras),
            data_prefix=dict(img=''),
            pipeline=[
                dict(type='IntegralReadImage'),
                dict(type='GetBBoxCenterScale', padding=1.0),
                dict(type='RandomFlipLabels', prob=1.0),
                dict(type='ReadCrop', input_size=(128, 128))
                | dict(sampling=sampling),
            ],
        )
        crops.append([dataset[n]['img'] for n in range(4)])
    for full, reduced in zip(*crops):
        assert cv2.absdiff(full, reduced).mean() < 4.0
        assert shift_between(full, reduced) < 0.1
        assert not np.array_equal(full, reduced)
