"""Depth of photographs, with people and a model whose depth is known."""

import json
from types import SimpleNamespace

import add_depth as tool
import cv2
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from integral_mmpose.datasets.body.mpii import MpiiExactDataset
from integral_mmpose.datasets.joints import H36M18_NAMES, MPII_TO_H36M18
from integral_mmpose.geometry import Person
from mpii import bone_depth
from mpii.bone_depth import (
    BONES,
    DEPTH,
    HEAD,
    LENGTH,
    NECK,
    PELVIS,
    SCALE,
    THORAX,
    TRUNK,
    bone_depths,
    without_lean,
)

PX_PER_MM = 0.2
ALL = np.ones(16, bool)


def person(seed):
    """Joints (16, 3) in px whose bones have the lengths of the table."""
    draw = np.random.default_rng(seed)
    points = np.zeros((16, 3))
    steps = draw.normal(size=(len(BONES), 3)) * [1, 1, 0.7]
    steps /= np.linalg.norm(steps, axis=-1, keepdims=True)
    steps *= PX_PER_MM * np.array([[bone.length] for bone in BONES])
    by_bone = dict(zip(BONES, steps))
    points[THORAX] = points[NECK] = by_bone[TRUNK]
    for axis, middle in zip(BONES[:2], (PELVIS, THORAX)):
        points[axis.start] = points[middle] - by_bone[axis] / 2
        points[axis.stop] = points[middle] + by_bone[axis] / 2
    for bone in BONES[3:]:
        points[bone.stop] = points[bone.start] + by_bone[bone]
    return points + [100, 100, 0]


@pytest.mark.parametrize('seed', range(4))
def test_true_depth_stays(seed):
    points = person(seed)
    found = bone_depths(points[:, :2], ALL, points[:, 2])
    # Bones chain up the steps of the grid, 1.25 % of 463 mm at most.
    np.testing.assert_allclose(found, points[:, 2], atol=5)
    assert np.ptp(points[:, 2]) > 50


def test_a_rough_model_becomes_better():
    errors, before = [], []
    for seed in range(20):
        points = person(seed)
        draw = np.random.default_rng(100 + seed)
        told = points[:, 2] * 0.7 + draw.normal(0, 6, 16)
        told[NECK], told[PELVIS] = told[THORAX], 0
        errors.append(bone_depths(points[:, :2], ALL, told) - points[:, 2])
        before.append(told - points[:, 2])
    assert np.abs(errors).mean() < 0.75 * np.abs(before).mean()


@pytest.mark.parametrize('sign', [-1, 1])
def test_the_model_says_near_or_far(sign):
    points = np.zeros((16, 3))
    for bone in BONES:  # everything in the image plane but one shin
        points[bone.stop] = points[bone.start] + [
            *(0, PX_PER_MM * bone.length, 0)
        ]
    shin = next(b for b in BONES if (b.start, b.stop) == (1, 0))
    points[0, 1] = points[1, 1] + 0.5 * PX_PER_MM * shin.length
    told = np.zeros(16)
    told[0] = sign * 5.0
    found = bone_depths(points[:, :2], ALL, told)
    # It must go further than the model says, and not as far as the length.
    whole = np.sqrt(0.75) * PX_PER_MM * shin.length
    assert 20 < sign * found[0] < whole
    assert np.abs(found[1:]).max() < 3


def test_the_least_of_the_sum():
    """Against a search over a continuous dz and scale."""
    points = person(7)
    draw = np.random.default_rng(7)
    told = points[:, 2] + draw.normal(0, 10, 16)
    told[NECK] = told[THORAX]

    def bone_cost(bone, scale, dz):
        full = scale * bone.length
        flat = np.linalg.norm(points[bone.stop, :2] - points[bone.start, :2])
        length = (np.hypot(flat, dz) / full - 1) / (LENGTH * bone.slack)
        aim = told[bone.stop] - told[bone.start]
        return length**2 + ((dz - aim) / full / DEPTH) ** 2

    def least(bone, scale):
        full = scale * bone.length
        sides = [
            minimize_scalar(
                lambda dz: bone_cost(bone, scale, dz),
                bounds=b,
                method='bounded',
            )
            for b in ((-1.1 * full, 0), (0, 1.1 * full))
        ]
        return min(sides, key=lambda side: side.fun)

    lengths = np.linalg.norm(
        points[:, None, :2] - points[None, :, :2], axis=-1
    )
    around = np.median(
        [
            np.hypot(lengths[b.start, b.stop], told[b.stop] - told[b.start])
            / b.length
            for b in BONES
        ]
    )

    def total(log_factor):
        scale = around * np.exp(log_factor)
        bones = sum(least(bone, scale).fun for bone in BONES)
        return bones + (log_factor / SCALE) ** 2

    best = minimize_scalar(total, bounds=(-0.4, 0.4), method='bounded').x
    found = bone_depths(points[:, :2], ALL, told)
    for bone in BONES:
        expected = least(bone, around * np.exp(best)).x
        got = found[bone.stop] - found[bone.start]
        assert got == pytest.approx(expected, abs=0.03 * bone.length * around)


def test_joints_without_a_label_keep_the_model():
    points = person(3)
    labelled = ALL.copy()
    labelled[[10, HEAD]] = False
    told = points[:, 2].copy()
    told[10] = told[11] + 33
    told[HEAD] = told[NECK] - 44
    points[[10, HEAD]] = -1
    found = bone_depths(points[:, :2], labelled, told)
    assert found[10] - found[11] == pytest.approx(33)
    assert found[HEAD] - found[NECK] == pytest.approx(-44)
    nobody = bone_depths(points[:, :2], ~ALL, told)
    assert nobody[HEAD] - nobody[NECK] == pytest.approx(-44)


def test_everybody_leans_and_stands_up():
    joints = np.zeros((3, 16, 2))
    joints[:, [THORAX, NECK], 1], joints[:, HEAD, 1] = -100, -140
    right, left = bone_depth.RIGHT['shoulder'], bone_depth.LEFT['shoulder']
    # One looks to the camera, one away, one stands on the head.
    joints[:, [right, left]] = [[-30, -100], [30, -100]]
    joints[1, [right, left], 0] = 30, -30
    joints[2, :, 1] *= -1
    told = np.zeros((3, 16))
    told[:, bone_depth.ABOVE] = -50
    told[:, HEAD] = -70
    labelled = np.ones((3, 16), bool)
    found = without_lean(joints, labelled, told)
    nod = 0.25 * 60
    np.testing.assert_allclose(found[0, [NECK, right, HEAD]], -nod)
    np.testing.assert_allclose(found[1, [NECK, left, HEAD]], nod)
    np.testing.assert_allclose(found[:, PELVIS], 0)
    assert (told[:, NECK] == -50).all()  # what was given stays
    # Nobody is upright: nothing is known of a lean.
    same = without_lean(joints[2:], labelled[2:], told[2:])
    np.testing.assert_array_equal(same, told[2:])
    # Without shoulders and head, the trunk alone.
    labelled[:, [right, left, HEAD]] = False
    found = without_lean(joints, labelled, told)
    np.testing.assert_allclose(found[:, [NECK, HEAD]], [[0, -20]] * 3)


class Oracle:
    """Knows the people; their images are as bright as their number."""

    joint_names = list(H36M18_NAMES)

    def __init__(self, people, depth_range_mm=2000.0):
        self.people = people
        self.model = SimpleNamespace(
            path='own.onnx', depth_range_mm=depth_range_mm
        )

    def __call__(self, image, boxes):
        points = self.people[int(image[0, 0, 0])] - [1, 1, 0]
        left, top, right, bottom = boxes[0]
        assert left < points[PELVIS, 0] < right
        assert top < points[PELVIS, 1] < bottom
        sources = np.array(MPII_TO_H36M18)
        pose = np.where(sources[:, None] >= 0, points[sources], 0)
        in_mm = (pose - pose[0]) / PX_PER_MM
        return [[Person(boxes[0], 1.0, pose[:, :2], np.ones(18), in_mm)]]


@pytest.fixture
def folder(tmp_path):
    people = [person(seed) for seed in range(3)]
    (tmp_path / 'images').mkdir()
    entries = []
    for number, points in enumerate(people):
        name = f'{number}.png'
        image = np.full((200, 200, 3), number, np.uint8)
        cv2.imwrite(str(tmp_path / 'images' / name), image)
        entries.append(
            dict(
                image=name,
                center=[100.0, 100.0],
                scale=1.0,
                joints=points[:, :2].tolist(),
                joints_vis=[1] * 16,
            )
        )
    entries[2]['joints_vis'][THORAX] = 0
    (tmp_path / 'own_train.json').write_text(json.dumps(entries))
    return tmp_path, people


def run(monkeypatch, folder, oracle, *args):
    monkeypatch.setattr(tool, 'PoseInferencer', lambda *_, **__: oracle)
    return tool.main([str(folder), *args])


def test_the_command_and_the_data_set(monkeypatch, folder, capsys):
    folder, people = folder
    before = (folder / 'own_train.json').read_text()
    assert not run(monkeypatch, folder, Oracle(people))
    out = capsys.readouterr().out
    assert 'own_train_depth.json: depth for 2 of 3 people' in out
    assert (folder / 'own_train.json').read_text() == before
    plain, deep = (
        MpiiExactDataset(data_root=str(folder), split=split, lazy_init=False)
        for split in ('train', 'train_depth')
    )
    for number in range(3):
        a, b = plain.get_data_info(number), deep.get_data_info(number)
        assert a['has_depth'] == [0]
        assert b['has_depth'] == [number < 2]
        np.testing.assert_array_equal(a['keypoints'], b['keypoints'][..., :2])
        assert b['mm_per_px'] == a['mm_per_px'] == 2000 / 250
    # Trunks lean as the tool says; limbs are the people's own.
    found = deep.get_data_info(0)['keypoints'][0, :, 2] / (2000 / 250)
    told = without_lean(
        np.stack([p[:, :2] for p in people[:2]]),
        np.ones((2, 16), bool),
        np.stack([p[:, 2] for p in people[:2]]),
    )[0]
    expected = bone_depths(people[0][:, :2], ALL, told)
    np.testing.assert_allclose(found, expected, atol=0.1)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda o: setattr(o, 'joint_names', ['root']), 'not the 18 of Human'),
        (lambda o: setattr(o.model, 'depth_range_mm', None), 'a 2D model'),
    ],
)
def test_a_model_without_these_joints(
    monkeypatch, folder, capsys, change, message
):
    folder, people = folder
    oracle = Oracle(people)
    change(oracle)
    assert run(monkeypatch, folder, oracle) == 1
    assert message in capsys.readouterr().err
    assert not list(folder.glob('*_depth.json'))


def test_one_wrong_label_does_not_move_the_others():
    people = np.stack([person(seed) for seed in range(30)])
    people[:, [THORAX, NECK]] = [100, 0, -20]
    people[:, PELVIS] = [100, 100, 0]
    labelled = np.ones((30, 16), bool)
    before = without_lean(people[..., :2], labelled, people[..., 2])
    people[0, THORAX, 2] = people[0, NECK, 2] = 9999
    after = without_lean(people[..., :2], labelled, people[..., 2])
    np.testing.assert_allclose(after[1:], before[1:], atol=1)


def test_a_box_that_is_none_is_named(monkeypatch, folder, capsys):
    folder, people = folder
    entries = json.loads((folder / 'own_train.json').read_text())
    entries[1]['joints_vis'] = [int(j in (PELVIS, THORAX)) for j in range(16)]
    entries[1]['joints'] = [[50, 60]] * 16
    (folder / 'own_train.json').write_text(json.dumps(entries))

    def infer(image, boxes):
        if boxes[0, 0] == boxes[0, 2]:
            raise ValueError('boxes must be')
        return Oracle(people)(image, boxes)

    infer.joint_names, infer.model = H36M18_NAMES, Oracle(people).model
    assert run(monkeypatch, folder, infer) == 1
    error = capsys.readouterr().err
    assert 'own_train.json' in error
    assert 'id 1' in error
    assert 'boxes must be' in error


def test_a_damaged_photograph_is_named_as_such(monkeypatch, folder, capsys):
    folder, people = folder
    (folder / 'images/1.png').write_bytes(b'no picture')
    assert run(monkeypatch, folder, Oracle(people)) == 1
    error = capsys.readouterr().err
    assert '1.png: cannot be decoded' in error
    assert '`joints`' not in error


def test_an_estimate_is_not_estimated_again(monkeypatch, folder, capsys):
    folder, people = folder
    assert not run(monkeypatch, folder, Oracle(people))
    with pytest.raises(SystemExit):
        run(monkeypatch, folder, Oracle(people), '--split', 'depth')
    assert 'have an estimated depth' in capsys.readouterr().err


@pytest.mark.parametrize('enough', [0, 1])
def test_few_upright_people_are_told(monkeypatch, folder, capsys, enough):
    """The trunks of the folder's people lie."""
    folder, people = folder
    monkeypatch.setattr(tool, 'ENOUGH', enough)
    assert not run(monkeypatch, folder, Oracle(people))
    error = capsys.readouterr().err
    assert ('0 upright people' in error) == (enough == 1)


def test_who_is_upright():
    joints = np.zeros((4, 16, 2))
    joints[:, THORAX] = [[0, -90], [10, -90], [90, 0], [0, 90]]
    found = bone_depth.are_upright(joints, np.ones((4, 16), bool))
    assert found.tolist() == [True, True, False, False]


def test_a_folder_that_is_none(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, tmp_path / 'gone', Oracle([])) == 1
    assert 'gone does not exist' in capsys.readouterr().err


def test_old_depth_goes_and_all_depth_is_within_the_crop(monkeypatch, folder):
    folder, people = folder
    for number, points in enumerate(people):
        points[bone_depth.RIGHT['wrist'], 2] = 500.0 * (-1) ** number
    entries = json.loads((folder / 'own_train.json').read_text())
    entries[2]['joints_depth'] = [5.0] * 16
    for entry in entries[:2]:
        entry['joints_vis'][bone_depth.RIGHT['wrist']] = 0
    (folder / 'own_train.json').write_text(json.dumps(entries))
    assert not run(monkeypatch, folder, Oracle(people))
    found = json.loads((folder / 'own_train_depth.json').read_text())
    assert 'joints_depth' not in found[2]
    for entry, points in zip(found, people[:2]):
        known = [j for j in range(16) if entry['joints_vis'][j]]
        most = 0.45 * np.ptp(points[known, :2], axis=0).max()
        depths = np.abs(entry['joints_depth'])
        assert depths.max() == pytest.approx(most, abs=0.01)


def test_a_folder_of_annotations_and_a_folder_in_the_way(
    monkeypatch, folder, capsys
):
    folder, people = folder
    root = folder / 'annotations'
    root.mkdir()
    for name in ('images', 'own_train.json'):
        (folder / name).rename(root / name)
    (root / 'own_train_depth.json').mkdir()
    assert run(monkeypatch, root, None) == 1
    (root / 'own_train_depth.json').rmdir()
    capsys.readouterr()
    assert not run(monkeypatch, root, Oracle(people))
    assert 'depth for 2' in capsys.readouterr().out


def test_nobody_to_do(monkeypatch, folder, capsys):
    folder, people = folder
    assert run(monkeypatch, folder, Oracle(people), '--split', 'val') == 1
    assert 'has no *_val.json' in capsys.readouterr().err
    entries = json.loads((folder / 'own_train.json').read_text())
    for entry in entries:
        entry['joints_vis'][PELVIS] = 0
    (folder / 'own_train.json').write_text(json.dumps(entries))
    assert run(monkeypatch, folder, Oracle(people)) == 1
    assert 'nobody has a labelled pelvis' in capsys.readouterr().err
