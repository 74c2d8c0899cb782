"""The measurement of an exported model, with a model whose answer is known."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from integral_mmpose.geometry import Person

SIDES = ('left', 'right')
TOOL = Path(__file__).resolve().parents[2] / 'tools/deployment/measure_onnx.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('measure_onnx', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PARTS = ('foot', 'knee', 'hip', 'wrist', 'elbow', 'shoulder')
OTHER = {
    f'{a}_{part}': f'{b}_{part}'
    for part in PARTS
    for a, b in (SIDES, SIDES[::-1])
}


class Oracle:
    """Knows where a person is in an image whose shade is its number."""

    def __init__(self, tool, joints, off_px=0.0, skew=1.0):
        self.joint_names = list(tool.LIMBS)
        self.members = list(tool.LIMBS.values())
        self.joints, self.off_px, self.skew = joints, off_px, skew
        names = self.joint_names
        swap = [names.index(OTHER[name]) for name in names]
        self.model = SimpleNamespace(
            depth_range_mm=2000.0, metadata=SimpleNamespace(flip_indices=swap)
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
def test_pckh_by_hand(tool, folder, off_px, at_half, at_tenth):
    """Off by 0, 0.2 and 0.7 heads."""
    path, joints = folder
    found = tool.measure(Oracle(tool, joints, off_px), path, 'val')
    assert found['people'] == 2
    assert found['PCKh@0.5'] == at_half and found['PCKh@0.1'] == at_tenth
    if off_px == 2.0:  # right from 0.20 on: 31 of 51
        assert found['AUC'] == pytest.approx(100 * 31 / 51)


@pytest.mark.parametrize('order', [[0, 1], [1, 0]])
def test_head_boxes_in_another_order(tool, folder, order):
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


def test_consistency_by_hand(tool, folder):
    """6 mm of depth at one wrist mirror to the other: 12 mm of 12 joints."""
    path, joints = folder
    name = 'mirrored pose, mean distance (mm)'
    found = tool.measure(Oracle(tool, joints, skew=6.0), path, 'val')
    assert found[name] == pytest.approx(1)
    found = tool.measure(Oracle(tool, joints, skew=0.0), path, 'val')
    assert found[name] == pytest.approx(0, abs=1e-9)
    bones = found['left and right bones, median difference (%)']
    assert bones == pytest.approx(0, abs=1e-6)
