"""The embedded data: geometry, repeatability, layouts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import loadmat

from integral_mmpose.datasets import MpiiExactDataset
from integral_mmpose.synthetic import (
    body,
    coco_writer,
    generate,
    h36m_writer,
    mpii_writer,
)
from integral_mmpose.synthetic.actions import ACTIONS, sample_motion
from integral_mmpose.synthetic.render import Canvas, Ellipsoid
from integral_mmpose.synthetic.scene import look_at

ROOT = Path(__file__).resolve().parents[2]
SMALL = generate.Scale(1, 2, 1, (4, 3), (3, 3))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp('synthetic')
    generate.generate(out, 3, SMALL, 2, lambda line: None)
    return out


def read(path):
    return json.loads(path.read_text())


def subject(action='Greeting', name='S9', frames=(0, 64)):
    person = h36m_writer.subject_person(5, name, action, list(frames))
    return person, h36m_writer.subject_cameras(5, name)


def by_hand(points, camera):
    """u = f X / Z + c, written again."""
    return points[:, :2] / points[:, 2:] * camera.focal + camera.principal


def ball(centre, radius, grey):
    colour = np.full((1, 3), grey)
    return Ellipsoid(centre, np.eye(3), np.full(3, radius), colour)


@pytest.mark.parametrize('action', ['Greeting', 'SittingDown', 'Walking'])
def test_projected_joints_lie_on_drawn_joints(action):
    """A small ball drawn at each joint alone: its centroid in the picture."""
    person, cameras = subject(action)
    for camera in cameras.values():
        joints = camera.to_camera(person.posed.joints[1])
        for joint, expected in zip(joints, by_hand(joints, camera)):
            canvas = Canvas(camera)
            canvas.draw([ball(joint, 0.03, 255.0)])
            ys, xs = np.nonzero(canvas.owner)
            if len(xs) and 5 < expected.min() and expected.max() < 315:
                centroid = [xs.mean(), ys.mean()]
                assert np.abs(centroid - expected).max() < 1


@pytest.mark.parametrize('end', ['wrist', 'foot', 'knee'])
def test_drawn_limbs_end_at_the_joints(end):
    """The pixel at a visible joint belongs to the drawn body."""
    person, cameras = subject('Walking')
    for camera in cameras.values():
        canvas = Canvas(camera)
        person.draw(canvas, camera)
        points = person.points(camera)
        for side in ('left', 'right'):
            u, v = by_hand(points[f'{side}_{end}'][None], camera)[0]
            if 0 <= u < 319 and 0 <= v < 319:
                assert canvas.owner[round(v), round(u)] == 1


def test_left_is_at_the_right_of_who_faces_the_camera():
    person, cameras = subject('Waiting')
    for camera in cameras.values():
        points = person.points(camera)
        chest = camera.rotation @ person.posed.chest[0]
        facing = -chest[2, 0]  # forward axis against the optical axis
        gap = (points['left_shoulder'] - points['right_shoulder'])[0]
        if abs(facing) > 0.5:
            assert np.sign(gap) == np.sign(facing)


def test_left_and_right_wear_different_colours():
    person, _ = subject()
    for part in ('upper', 'thigh'):
        left, right = (
            person.textures[f'{side}_{part}'].mean(0)
            for side in ('left', 'right')
        )
        assert np.abs(left - right).max() > 20


def test_nearer_parts_hide_farther_ones():
    """Painter's order, both ways: two balls on one ray."""
    near, far = (
        ball(np.array([0.0, 0.0, z]), 0.1, grey)
        for z, grey in ((2.0, 250.0), (3.0, 50.0))
    )
    for order in ([near, far], [far, near]):
        canvas = Canvas(look_at((0, -1, 0), (0, 0, 0), 100.0, (64, 64)))
        canvas.draw(order)
        image = canvas.compose(np.zeros((64, 64, 3), np.uint8))
        assert canvas.depth[32, 32] == pytest.approx(1.9, abs=1e-3)
        assert image[32, 32].max() > 60


@pytest.mark.parametrize('action', ACTIONS)
def test_joint_limits_and_constant_bones(action):
    rng = np.random.default_rng([1, ACTIONS.index(action)])
    motion = sample_motion(rng, action, np.arange(0, 400, 8))
    low, high = np.array(list(body.LIMITS.values())).T
    assert (motion.angles >= low - 1e-9).all()
    assert (motion.angles <= high + 1e-9).all()
    bones = body.sample_proportions(np.random.default_rng(0))
    posed = body.forward_kinematics(
        motion.angles, bones, motion.yaw, motion.ground
    )
    points = dict(zip(body.JOINTS, np.moveaxis(posed.joints, 1, 0)))
    for side in ('left', 'right'):
        for first, second, name in (
            ('hip', 'knee', 'thigh'),
            ('knee', 'foot', 'shin'),
            ('elbow', 'wrist', 'forearm'),
        ):
            length = np.linalg.norm(
                points[f'{side}_{first}'] - points[f'{side}_{second}'], axis=1
            )
            np.testing.assert_allclose(length, bones[name], atol=1e-9)
    # Smooth: no joint moves faster than 8 m/s between frames 0.16 s apart.
    steps = np.linalg.norm(np.diff(posed.joints, axis=0), axis=-1)
    assert steps.max() < 8 * 0.16


@pytest.mark.parametrize('side', ['left', 'right'])
def test_knees_and_elbows_bend_the_right_way(side):
    """A standing body faces x: the foot goes back, the wrist forward."""
    angles = np.zeros((1, len(body.DOFS)))
    angles[0, body.DOFS.index(f'{side[0]}_kn_flex')] = 60
    angles[0, body.DOFS.index(f'{side[0]}_el_flex')] = 60
    bones = body.sample_proportions(np.random.default_rng(0))
    posed = body.forward_kinematics(
        angles, bones, np.zeros(1), np.zeros((1, 2))
    )
    points = dict(zip(body.JOINTS, posed.joints[0]))
    assert (points[f'{side}_foot'] - points[f'{side}_knee'])[0] < -0.1
    assert (points[f'{side}_wrist'] - points[f'{side}_elbow'])[0] > 0.1
    assert points['neck_base'][0] > points['thorax'][0]  # the nose in front


def test_every_person_of_a_subject_is_the_same():
    first, _ = subject('Walking')
    second, _ = subject('Eating')
    other, _ = subject('Walking', 'S1')
    assert first.bones == second.bones and first.bones != other.bones


def test_bitwise_repeatable_whatever_the_processes(folder, tmp_path):
    generate.generate(tmp_path / 'a', 3, SMALL, 1, lambda line: None)
    names = sorted(p.relative_to(folder) for p in folder.rglob('*.[jm]*'))
    assert len(names) > 100 and any(n.suffix == '.mat' for n in names)
    for name in names:
        assert (tmp_path / 'a' / name).read_bytes() == (
            folder / name
        ).read_bytes(), name
    image, _ = mpii_writer.write_image(tmp_path / 'b', 4, 'train', 0)
    assert (tmp_path / 'b/images' / image['image']).read_bytes() != (
        folder / 'mpii/images' / image['image']
    ).read_bytes()


def test_h36m_layout(folder):
    root = folder / 'h36m'
    cameras = read(root / 'annotations/cameras.json')
    for split, step in (('train', 5), ('test', 64)):
        with np.load(
            root / f'annotations/h36m_{split}.npz', allow_pickle=False
        ) as arrays:
            names, part, s = (arrays[k] for k in ('imgname', 'part', 'S'))
        assert part.shape == (len(names), 17, 3)
        assert s.shape == (len(names), 17, 4)
        for name, px, points in zip(names, part, s):
            image = cv2.imread(str(root / 'images' / name))
            assert image.shape == (320, 320, 3)
            subject_, camera = name.split('/')[0], name.split('/')[1]
            entry = cameras[subject_][camera.split('.')[1]]
            u = entry['f'][0] * points[:, 0] / points[:, 2] + entry['c'][0]
            assert np.abs(u - px[:, 0]).max() < 0.01
            frame = int(Path(name).stem.split('_')[-1]) - 1
            assert frame % step == 0
        subjects = {name.split('/')[0] for name in names}
        assert subjects == (
            {'S9', 'S11'}
            if split == 'test'
            else {'S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11'}
        )


def test_mpii_layout(folder):
    root = folder / 'mpii'
    for split, number in (('train', 4), ('val', 3)):
        entries = read(root / f'annotations/mpii_{split}.json')
        mat = loadmat(root / f'annotations/mpii_gt_{split}.mat')
        assert len(entries) == number
        assert mat['headboxes_src'].shape == (2, 2, number)
        for n, entry in enumerate(entries):
            assert (root / 'images' / entry['image']).is_file()
            joints = np.array(entry['joints'])
            seen = np.array(entry['joints_vis']) == 1
            assert joints.shape == (16, 2) and (joints[~seen] == 0).all()
            low, high = mat['headboxes_src'][..., n]
            assert (high > low).all()
            if seen[9]:  # the top of the head is at its box
                assert (joints[9] > low - 6).all()
                assert (joints[9] < high + 6).all()


def test_mpii_benchmark_splits(folder):
    """trainval is both; the test split is read without any truth."""
    root = folder / 'mpii'
    files = {
        split: read(root / f'annotations/mpii_{split}.json')
        for split in ('train', 'val', 'trainval', 'test')
    }
    assert files['trainval'] == files['train'] + files['val']
    heads = [
        loadmat(root / f'annotations/mpii_gt_{split}.mat')['headboxes_src']
        for split in ('train', 'val', 'trainval')
    ]
    assert (np.concatenate(heads[:2], -1) == heads[2]).all()
    options = dict(data_root=str(root), test_mode=True, pipeline=[])
    test = MpiiExactDataset(split='test', **options)
    val = MpiiExactDataset(split='val', **options)
    assert len(test) == len(val) == 3
    for blind, known in zip(test, val):
        assert (blind['bbox'] == known['bbox']).all()
        assert not blind['keypoints_visible'].any()


def test_coco_layout_is_read_by_pycocotools(folder):
    from xtcocotools.coco import COCO

    coco = COCO(str(folder / 'coco/annotations/person_keypoints_val2017.json'))
    assert len(coco.getImgIds()) == 3 and 0 not in coco.getImgIds()
    for annotation in coco.loadAnns(coco.getAnnIds()):
        keypoints = np.array(annotation['keypoints']).reshape(17, 3)
        assert set(keypoints[:, 2]) <= {0, 1, 2}
        assert (keypoints[:, 2] > 0).sum() == annotation['num_keypoints']
        x, y, w, h = annotation['bbox']
        assert 0 < annotation['area'] <= w * h
        seen = keypoints[keypoints[:, 2] == 2, :2]
        assert (seen >= [x - 2, y - 2]).all()
        assert (seen <= [x + w + 2, y + h + 2]).all()
    found = 'coco/person_detection_results/COCO_val2017_detections.json'
    detections = read(folder / found)
    assert {d['image_id'] for d in detections} <= set(coco.getImgIds())
    # Every person is found, and something else besides.
    assert len(detections) > len(coco.getAnnIds())


def test_hidden_people_are_flagged(tmp_path):
    """Over some pictures: every flag occurs."""
    flags = set()
    for number in range(12):
        _, found = coco_writer.write_image(tmp_path, 0, 'val2017', number)
        for annotation in found:
            flags |= set(annotation['keypoints'][2::3])
    assert {1, 2} <= flags


def test_complete_is_kept_and_foreign_is_refused(folder, tmp_path):
    lines = []
    before = (folder / 'h36m/annotations/h36m_test.npz').stat().st_mtime_ns
    generate.generate(folder, 3, SMALL, 1, lines.append)
    assert 'complete already' in lines[0]
    after = (folder / 'h36m/annotations/h36m_test.npz').stat().st_mtime_ns
    assert before == after
    with pytest.raises(ValueError, match='another seed'):
        generate.generate(folder, 4, SMALL, 1, lines.append)
    (tmp_path / 'precious.txt').write_text('mine')
    with pytest.raises(ValueError, match='not empty'):
        generate.generate(tmp_path, 3, SMALL, 1, lines.append)
    assert (tmp_path / 'precious.txt').exists()


def test_half_made_is_made_again(tmp_path):
    scale = generate.Scale(1, 1, 0, (1, 1), (1, 1))
    generate.generate(tmp_path, 3, scale, 1, lambda line: None)
    manifest = read(tmp_path / generate.MANIFEST)
    manifest['complete'] = False
    (tmp_path / generate.MANIFEST).write_text(json.dumps(manifest))
    (tmp_path / 'mpii/annotations/mpii_val.json').unlink()
    manifest = generate.generate(tmp_path, 3, scale, 1, lambda line: None)
    assert manifest['complete']
    images = [p for p in tmp_path.rglob('*') if p.suffix in ('.jpg', '.png')]
    assert len(images) == generate.count_images(scale) == 424
    assert (tmp_path / 'mpii/annotations/mpii_val.json').is_file()


def test_workers_leave_ctrl_c_to_the_parent():
    """The terminal sends it to all; here a worker sends it to itself."""
    before = signal.getsignal(signal.SIGINT)
    with generate._workers(2) as pool:
        assert signal.getsignal(signal.SIGINT) is before
        pool.submit(signal.raise_signal, signal.SIGINT).result()
        assert pool.submit(abs, -3).result() == 3  # it goes on


def test_workers_end_with_a_killed_parent(tmp_path):
    """Those of a pool without their thread wait on: the control."""
    script = tmp_path / 'parent.py'
    script.write_text(
        'import os, signal\n'
        'from concurrent.futures import ProcessPoolExecutor\n'
        'from multiprocessing import get_context\n'
        'from integral_mmpose.synthetic import generate\n'
        "if __name__ == '__main__':\n"
        "    plain = ProcessPoolExecutor(1, get_context('spawn'))\n"
        '    plain.submit(int).result()\n'
        '    pool = generate._workers(2)\n'
        '    pool.submit(int).result()\n'
        "    with open('workers', 'w') as file:\n"
        '        print(*plain._processes, *pool._processes, file=file)\n'
        '    os.kill(os.getpid(), signal.SIGKILL)\n'
    )
    env = dict(os.environ, PYTHONPATH=str(ROOT))
    subprocess.run([sys.executable, script.name], cwd=tmp_path, env=env)
    plain, *workers = map(int, (tmp_path / 'workers').read_text().split())
    try:
        deadline = time.monotonic() + 60
        while any(map(_runs, workers)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(workers) == 2 and not any(map(_runs, workers))
        assert _runs(plain)
    finally:
        os.kill(plain, signal.SIGKILL)


def _runs(process):
    """A zombie, which a container's first process may leave, does not."""
    try:
        status = Path(f'/proc/{process}/status').read_text()
    except FileNotFoundError:
        return False
    return 'State:\tZ' not in status
