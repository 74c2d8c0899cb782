"""Miniature data sets, written in the real layouts."""

import json
from typing import Callable, NamedTuple

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from scipy.io import savemat

FOCAL = (1150.0, 1140.0)
PRINCIPAL = (500.0, 490.0)
FRAMES = [
    ('S1', 'Directions_1', 1),
    ('S1', 'Directions_1', 6),
    ('S9', 'WalkingDog', 65),
    ('S9', 'Photo_2', 64),
    ('S11', 'SittingDown_1', 1),
    ('S11', 'SittingDown_1', 129),
]


class H36MFiles(NamedTuple):
    """A folder, a function that writes it anew, and what it writes."""

    root: str
    write: Callable
    arrays: Callable
    cameras: Callable


class MpiiFiles(NamedTuple):
    """A folder, a function that writes it anew, and what it writes."""

    root: str
    write: Callable
    people: Callable
    write_image: Callable


@pytest.fixture(autouse=True)
def mmpose_scope():
    init_default_scope('mmpose')


def write_image(path, height=120, width=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3))
    cv2.imwrite(str(path), image.astype(np.uint8))


def to_labels(padding=1.0, **codec):
    """A pipeline from the file to the labels, with crops of 64 px."""
    size = (64, 64)
    codec = dict(type='IntegralLabel', input_size=size, **codec)
    return [
        dict(type='LoadImageChecked'),
        dict(type='GetBBoxCenterScale', padding=padding),
        dict(type='TopdownAffine', input_size=size),
        dict(type='GenerateTarget', encoder=codec),
    ]


def make_h36m_arrays(frames=FRAMES, seed=0):
    """Points of a person 4 to 6 m away and their projection."""
    rng = np.random.default_rng(seed)
    count = len(frames)
    root = rng.uniform([-0.5, -0.5, 4], [0.5, 0.5, 6], (count, 1, 3))
    points = root + rng.uniform(-0.8, 0.8, (count, 17, 3))
    points[:, :1] = root
    pixels = points[..., :2] / points[..., 2:] * FOCAL + PRINCIPAL
    ones = np.ones((count, 17, 1))
    names = [
        f'{s}/{s}_{a}.54138969/{s}_{a}.54138969_{f:06d}.jpg'
        for s, a, f in frames
    ]
    return dict(
        imgname=np.array(names),
        center=pixels[:, 0].astype(np.float32),
        scale=np.ones(count, np.float32),
        part=np.concatenate([pixels, ones], -1).astype(np.float32),
        S=np.concatenate([points, ones], -1).astype(np.float32),
    )


def make_cameras(subjects=('S1', 'S9', 'S11')):
    camera = dict(
        f=FOCAL,
        c=PRINCIPAL,
        k=[0, 0, 0],
        p=[0, 0],
        R=np.eye(3).tolist(),
        T=[0, 0, 0],
        w=1000,
        h=1002,
    )
    return {subject: {'54138969': camera} for subject in subjects}


@pytest.fixture
def h36m(tmp_path):
    """A small Human3.6M folder."""
    root = tmp_path / 'h36m'
    folder = root / 'annotations'
    folder.mkdir(parents=True)

    def write(arrays=None, cameras=None):
        arrays = make_h36m_arrays() if arrays is None else arrays
        np.savez(folder / 'h36m_train.npz', **arrays)
        cameras = make_cameras() if cameras is None else cameras
        (folder / 'cameras.json').write_text(json.dumps(cameras))
        return str(root)

    write()
    for name in make_h36m_arrays()['imgname']:
        write_image(root / 'images' / str(name), 1002, 1000)
    return H36MFiles(str(root), write, make_h36m_arrays, make_cameras)


def make_people(count=5, seed=1):
    rng = np.random.default_rng(seed)
    people = []
    for n in range(count):
        joints = rng.uniform(1, 90, (16, 2)).round(2)
        labelled = np.ones(16, int)
        labelled[n] = 0
        joints[n] = 0
        people.append(
            dict(
                image=f'{n // 2 + 10:09d}.jpg',
                center=[50.0 + n, 60.0],
                scale=0.5 + 0.1 * n,
                joints=joints.tolist(),
                joints_vis=labelled.tolist(),
            )
        )
    return people


@pytest.fixture
def mpii(tmp_path):
    """A small MPII folder."""
    root = tmp_path / 'mpii'
    folder = root / 'annotations'
    folder.mkdir(parents=True)

    def write(people=None, split='train', heads=True):
        people = make_people() if people is None else people
        (folder / f'mpii_{split}.json').write_text(json.dumps(people))
        if heads:
            boxes = np.zeros((2, 2, len(people)))
            boxes[1] = np.arange(1, len(people) + 1) * np.array([[3.0], [4.0]])
            savemat(folder / f'mpii_gt_{split}.mat', dict(headboxes_src=boxes))
        return str(root)

    write()
    for n in range(3):
        write_image(root / 'images' / f'{n + 10:09d}.jpg')
    return MpiiFiles(str(root), write, make_people, write_image)
