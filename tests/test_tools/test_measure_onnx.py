"""The measurement of an exported model, with a model whose answer is known."""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import measure_onnx as tool
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from integral_mmpose.geometry import Person

SIDES = ('left', 'right')


PARTS = ('foot', 'knee', 'hip', 'wrist', 'elbow', 'shoulder')
OTHER = {
    f'{a}_{part}': f'{b}_{part}'
    for part in PARTS
    for a, b in (SIDES, SIDES[::-1])
}


class Oracle:
    """Knows where a person is in an image whose shade is its number."""

    def __init__(self, joints, off_px=0.0, skew=1.0):
        self.joint_names = list(tool.LIMBS)
        self.members = list(tool.LIMBS.values())
        self.joints, self.off_px, self.skew = joints, off_px, skew
        names = self.joint_names
        swap = [names.index(OTHER[name]) for name in names]
        self.model = SimpleNamespace(
            path='own.onnx',
            depth_range_mm=2000.0,
            metadata=SimpleNamespace(flip_indices=swap),
        )

    def __call__(self, image, boxes):
        points = self.joints[int(image[0, image.shape[1] // 2, 0])] - 1
        points = points[self.members].copy()
        names = self.joint_names
        if image[0, -1, 0] == 255:  # mirrored: its left edge is white
            side = image.shape[1] - 1
            points[:, 0] = side - points[:, 0]
            points = points[[names.index(OTHER[n]) for n in names]]
        left, top, right, bottom = boxes[0]
        assert left < points[:, 0].min() and points[:, 0].max() < right
        assert top < points[:, 1].min() and points[:, 1].max() < bottom
        middle = points - points.mean(0)
        in_mm = np.concatenate([middle, np.zeros((12, 1))], 1) * 10
        in_mm[names.index('left_wrist')] += [0, 0, self.skew]
        points[:, 0] += self.off_px
        return [[Person(boxes[0], 1.0, points, np.ones(12), in_mm)]]


@pytest.fixture
def folder(tmp_path):
    """Two people of symmetric bones in the MPII layout; heads of 10 px."""
    folder = tmp_path / 'own'
    (folder / 'images').mkdir(parents=True)
    rng = np.random.default_rng(0)
    people, all_joints = [], []
    for number in range(2):
        joints = rng.integers(20, 80, (16, 2)).astype(float)
        for right, left in zip((0, 1, 2, 10, 11, 12), (5, 4, 3, 15, 14, 13)):
            joints[left] = joints[right] + [4, 0]
        image = np.full((100, 100, 3), number, np.uint8)
        image[:, 0] = 255
        cv2.imwrite(str(folder / f'images/{number}.png'), image)
        people.append(
            dict(
                image=f'{number}.png',
                joints=joints.tolist(),
                joints_vis=[1] * 16,
            )
        )
        all_joints.append(joints)
    (folder / 'own_val.json').write_text(json.dumps(people))
    boxes = np.zeros((2, 2, 2))
    boxes[1, 0] = 10 / 0.6  # the diagonal
    savemat(folder / 'own_gt_val.mat', dict(headboxes_src=boxes))
    return folder, np.array(all_joints)


@pytest.mark.parametrize(
    ('off_px', 'at_half', 'at_tenth'),
    [(0.0, 100, 100), (2.0, 100, 0), (7.0, 0, 0)],
)
def test_pckh_by_hand(folder, off_px, at_half, at_tenth):
    """Off by 0, 0.2 and 0.7 heads."""
    path, joints = folder
    found = tool.measure(Oracle(joints, off_px), path, 'val')
    assert found['people'] == 2
    assert found['PCKh@0.5'] == at_half and found['PCKh@0.1'] == at_tenth
    if off_px == 2.0:  # right from 0.20 on: 31 of 51
        assert found['AUC'] == pytest.approx(100 * 31 / 51)


@pytest.mark.parametrize('order', [[0, 1], [1, 0]])
def test_head_boxes_in_another_order(folder, order):
    """Negative control: the same boxes and joints in the people's order."""
    path, joints = folder
    truth = path / 'own_gt_val.mat'
    content = dict(headboxes_src=loadmat(truth)['headboxes_src'])
    content['pos_gt_src'] = joints[order].transpose(1, 2, 0)
    savemat(truth, content)
    if order == [0, 1]:
        assert tool.read_people(path, 'val')[3].tolist() == [10, 10]
        return
    with pytest.raises(ValueError, match='own_gt_val.mat: id 0: .* order'):
        tool.read_people(path, 'val')


def edit_people(path, **fields):
    """Change everybody."""
    file = path / 'own_val.json'
    people = [dict(p, **fields) for p in json.loads(file.read_text())]
    file.write_text(json.dumps(people))


def seen(*joints):
    return [int(joint in joints) for joint in range(16)]


def test_a_joint_that_nobody_has_is_left_out(folder):
    """Off by 0.2 heads in all joints; the right foot has no label."""
    path, joints = folder
    edit_people(path, joints_vis=seen(*range(1, 16)))
    found = tool.measure(Oracle(joints, 2.0), path, 'val')
    assert found['PCKh@0.5'] == 100 and found['PCKh@0.1'] == 0
    assert found['AUC'] == pytest.approx(100 * 31 / 51)


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        (dict(joints_vis=seen()), 'id 0: field `joints` must have labelled'),
        (dict(joints_vis=seen(0)), 'id 0: field `joints` must have labelled'),
        (
            dict(joints=[[5, 5]] * 16),
            'id 0: field `joints` must have labelled',
        ),
        (dict(joints_vis=seen(6, 9)), 'no joint of the limbs is labelled'),
        (dict(image=''), 'id 0: field `image` must be non-empty'),
    ],
)
def test_people_that_cannot_be_measured(folder, fields, message):
    path, joints = folder
    edit_people(path, **fields)
    with pytest.raises(ValueError, match=f'own_val.json: {message}'):
        tool.measure(Oracle(joints), path, 'val')


def test_a_model_with_other_joints_is_told_before_the_data_is_read():
    oracle = Oracle(np.zeros((2, 16, 2)))
    oracle.joint_names = [n.replace('foot', 'x') for n in oracle.joint_names]
    message = 'own.onnx: .* no left_foot, right_foot. Export'
    with pytest.raises(ValueError, match=message):
        tool.measure(oracle, Path('/nowhere'), 'val')


@pytest.mark.parametrize('pattern', ['*_val.json', '*_gt_val.mat'])
def test_a_missing_file_is_told_in_words_of_this_tool(folder, pattern):
    [path] = folder[0].glob(pattern)
    path.unlink()
    with pytest.raises(FileNotFoundError, match='Give a folder') as raised:
        tool.read_people(folder[0], 'val')
    assert f'{folder[0]} has no {pattern}.' in str(raised.value)


def test_the_files_may_lie_in_annotations(folder):
    """As in MPII's own layout; their names need not be the folder's."""
    path, joints = folder
    (path / 'annotations').mkdir()
    for file in (*path.glob('*.json'), *path.glob('*.mat')):
        file.rename(path / 'annotations' / file.name.replace('own', 'mpii'))
    found = tool.measure(Oracle(joints), path, 'val')
    assert found['PCKh@0.5'] == 100


def test_consistency_by_hand(folder):
    """6 mm of depth at one wrist mirror to the other: 12 mm of 12 joints."""
    path, joints = folder
    name = 'mirrored pose, mean distance (mm)'
    found = tool.measure(Oracle(joints, skew=6.0), path, 'val')
    assert found[name] == pytest.approx(1)
    assert found[name.replace('mean', 'median')] == pytest.approx(0, abs=1e-9)
    found = tool.measure(Oracle(joints, skew=0.0), path, 'val')
    assert found[name] == pytest.approx(0, abs=1e-9)
    bones = found['left and right bones, median difference (%)']
    assert bones == pytest.approx(0, abs=1e-6)


def test_depth_of_the_neck_of_upright_people():
    """By hand: two upright ones at -100 and 300 mm, one upside down."""
    names = [*tool.LIMBS, 'root', 'thorax']
    swap = [names.index(OTHER.get(name, name)) for name in names]
    infer = SimpleNamespace(
        joint_names=names,
        model=SimpleNamespace(metadata=SimpleNamespace(flip_indices=swap)),
    )

    def person(height, depth):
        pose = np.random.default_rng(0).normal(size=(14, 3)) * 100
        pose[12:] = [5, 7, 9], [0, 7 - height, 9 + depth]
        return Person(None, 1.0, pose[:, :2], np.ones(14), pose)

    people = [person(400, -100), person(260, 300), person(-400, 50)]
    found = tool.without_truth(infer, [(p, p) for p in people])
    assert found['upright people'] == 2
    assert found['neck behind pelvis, mean (mm)'] == 100
    assert found['neck behind pelvis, std (mm)'] == 200
    found = tool.without_truth(infer, [(people[2], people[2])])
    assert found['upright people'] == 0
    assert 'neck behind pelvis, std (mm)' not in found
