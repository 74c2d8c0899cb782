"""The 3D measurement of an exported model, whose answers are known."""

import json
from types import SimpleNamespace

import cv2
import measure_onnx_3d as tool
import numpy as np
import pytest

from integral_mmpose.geometry import Person

FOCAL, PRINCIPAL = (1000.0, 1100.0), (200.0, 190.0)
NAMES = [
    f'S9/S9_Photo_1.54138969/S9_Photo_1.54138969_{n:06d}.jpg' for n in (1, 2)
]


def project(points):
    """(..., 3) mm -> (..., 2) px, axis by axis."""
    axes = zip(FOCAL, PRINCIPAL, (0, 1))
    return np.stack(
        [f * points[..., a] / points[..., 2] + c for f, c, a in axes], -1
    )


@pytest.fixture
def folder(tmp_path):
    """Two frames whose joints have depths of 4000, 4100, ... 5600 mm."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-600, 600, (2, 17, 3))
    points[..., 2] = 4000 + 100 * np.arange(17)
    (tmp_path / 'annotations').mkdir()
    np.savez(
        tmp_path / 'annotations/h36m_test.npz',
        imgname=np.array(NAMES),
        part=project(points),
        S=points / 1000,
        f=np.array([FOCAL] * 2),
        c=np.array([PRINCIPAL] * 2),
    )
    for number, name in enumerate(NAMES):
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((400, 400, 3), 100 * number, np.uint8))
    return tmp_path, points


class Oracle:
    """Changes the true points of an image, whose shade is its number."""

    def __init__(self, points, change):
        self.joint_names = [*tool.NAMES[::-1], 'thorax']
        self.points, self.change = points, change
        metadata = SimpleNamespace(box_padding=1.25)
        self.model = SimpleNamespace(
            path='own.onnx', depth_range_mm=2000.0, metadata=metadata
        )

    def __call__(self, image, boxes, camera, root_depth):
        points = self.points[round(image.mean() / 100)]
        # 2000 mm, less the padding of the crop, around the root.
        side = 2000 * np.mean(FOCAL) / root_depth / 1.25
        middle = project(points[0])
        np.testing.assert_allclose(
            boxes[0], [*(middle - side / 2), *(middle + side / 2)], rtol=1e-5
        )
        assert camera == dict(f=list(FOCAL), c=list(PRINCIPAL))
        assert root_depth == pytest.approx(points[0, 2])
        found = self.change(points.copy())
        found = np.concatenate([found[::-1], np.zeros((1, 3))])
        person = Person(
            boxes[0], 1.0, found[:, :2], np.ones(18), found - found[0]
        )
        person.keypoints_camera_mm = found
        return [[person]]


def measure(folder, change, **selection):
    path, points = folder
    selection = dict(dict(subjects=None, frame_step=1), **selection)
    found = tool.measure(Oracle(points, change), path, **selection)
    return list(found.values())


def moved(points):
    return points + [30, -20, 500]


def one_off(points):
    points[4] += [0, 17 * 3, 17 * 4]  # by 5 mm of 17 joints
    return points


def inside_out(points):
    points[:, 2] = 9000 - points[:, 2]
    return points


def turned(points):
    """By 90 degrees around x: only the alignment takes it back."""
    return points[:, [0, 2, 1]] * [1, -1, 1]


# Depths differ by multiples of 100 mm: all but the 16 pairs of neighbours.
PAIRS = 2 * (17 * 16 // 2 - 16)


@pytest.mark.parametrize(
    ('change', 'error', 'order'),
    [(moved, 0, 100), (one_off, 5, 100), (inside_out, None, 0)],
)
def test_by_hand(folder, change, error, order):
    frames, mpjpe, aligned, pairs, found = measure(folder, change)
    assert (frames, pairs) == (2, PAIRS) and found == order
    if error is None:
        assert mpjpe > aligned > 100  # a mirror image is no rotation
    else:
        assert mpjpe == pytest.approx(error, abs=1e-2)
        # One joint that is off turns the others: the squares are minimal.
        assert bool(aligned < 1e-2) == (error == 0)


def test_a_turned_pose_is_aligned(folder):
    _, mpjpe, aligned, _, _ = measure(folder, turned)
    assert mpjpe > 100 and aligned == pytest.approx(0, abs=1e-2)


def test_a_part_of_the_frames(folder):
    assert measure(folder, moved, frame_step=2)[0] == 1
    with pytest.raises(ValueError, match="h36m_test.npz: no frame of .* 'S1'"):
        measure(folder, moved, subjects=['S1'])


@pytest.mark.parametrize(
    ('change', 'problem'),
    [
        (dict(S=lambda s: 1000 * s), 'id 0 .*field `S` .*check its unit'),
        (dict(f=lambda f: f / 3), 'field `part` is .* px away'),
        (dict(imgname=lambda n: n[[0, 0]]), 'id 1 .*field `imgname` is also'),
        (dict(S=lambda s: s * [1, 1, -1]), 'field `S` .*behind the camera'),
    ],
)
def test_labels_that_do_not_fit_are_refused(folder, change, problem):
    """They would give numbers, some of them plausible."""
    file = folder[0] / 'annotations/h36m_test.npz'
    content = dict(np.load(file))
    for name, function in change.items():
        content[name] = function(content[name])
    np.savez(file, **content)
    with pytest.raises(ValueError, match=f'h36m_test.npz: .*{problem}'):
        measure(folder, moved)


def test_images_of_another_size_are_refused(folder):
    path = folder[0] / 'images' / NAMES[1]
    cv2.imwrite(str(path), np.full((200, 200, 3), 100, np.uint8))
    with pytest.raises(ValueError, match=f'{path}: .* outside its 200 x 200'):
        measure(folder, moved)


def test_pairs_without_a_clear_order():
    poses = np.zeros((1, 17, 3))
    order, pairs = tool.depth_order(poses, poses)
    assert pairs == 0 and np.isnan(order)
    truths = poses.copy()
    truths[0, 3, 2] = 151  # before or behind 16 others
    poses[0, 3, 2] = 1
    assert tool.depth_order(poses, truths) == (100, 16)
    poses[0, :4, 2] = 2  # level with three
    assert tool.depth_order(poses, truths) == (100 * 13 / 16, 16)


def test_cameras_from_their_file(folder):
    path, points = folder
    file = path / 'annotations/h36m_test.npz'
    content = dict(np.load(file))
    del content['f'], content['c']
    np.savez(file, **content)
    with pytest.raises(FileNotFoundError, match='cameras.json'):
        measure(folder, moved)
    entry = dict(f=FOCAL, c=PRINCIPAL)
    cameras = path / 'annotations/cameras.json'
    cameras.write_text(json.dumps({'S9': {'54138969': entry}}))
    assert measure(folder, moved)[0] == 2


@pytest.mark.parametrize('other', ['a 2D model', 'other joints'])
def test_other_models_are_refused(folder, other):
    oracle = Oracle(folder[1], moved)
    if other == 'a 2D model':
        oracle.model.depth_range_mm = None
    else:
        oracle.joint_names = oracle.joint_names[2:]
    with pytest.raises(ValueError, match='own.onnx: no 3D model with the'):
        tool.measure(oracle, folder[0], subjects=None, frame_step=1)
