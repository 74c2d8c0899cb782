"""Human3.6M in miniature: one world, written in two published forms."""

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

ROOT = Path(__file__).resolve().parents[3]
IDS = ('54138969', '55011271', '58860488', '60457274')
# Looking along y, -x... : Rx(90 degrees) Ry(b) Rz(c), place in mm.
EXTRINSICS = [
    (np.pi / 2, 0.0, 0.0, 0, -5000, 1000),
    (np.pi / 2, 0.05, np.pi / 2, -5000, 0, 1000),
    (np.pi / 2, -0.05, np.pi, 0, 5000, 1000),
    (np.pi / 2 + 0.04, 0.0, -np.pi / 2, 5000, 0, 1000),
]
# f, c, k (3), p (2)
INTRINSICS = [
    (100 + n, 110 + n, 52 + n, 50 - n, -0.2, 0.25, 0.003, 0.001, 0.002)
    for n in range(4)
]
SIZE = (104, 100)  # w, h
MOVING = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
# The trials of an action in the archives, and how many frames they have.
TRIALS = {
    ('S1', 'Eating'): ('Eating 2', 'Eating'),
    ('S9', 'Eating'): ('Eating 1', 'Eating'),
    ('S9', 'Greeting'): ('Greeting 1', 'Greeting'),
    ('S11', 'Directions'): ('Directions 1', 'Directions'),
}
NUMBERS = dict(Directions=2, Eating=4, Greeting=5)
COUNTS = dict(S1=12, S9=130, S11=66)


@pytest.fixture(autouse=True)
def mmpose_scope():
    init_default_scope('mmpose')


@pytest.fixture(scope='session')
def load_tool():
    def load(name):
        path = ROOT / f'tools/dataset_converters/{name}.py'
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def rotation(camera):
    """R of x = R (X - T), written out."""
    a, b, c = EXTRINSICS[camera][:3]
    rx = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
    ry = [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
    rz = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    return np.array(rx) @ np.array(ry) @ np.array(rz)


def world(subject, action, trial):
    """(n, 17, 3) mm: somebody near the middle, who drifts."""
    rng = np.random.default_rng([int(subject[1:]), NUMBERS[action], trial])
    body = rng.uniform(-400, 400, (17, 3)) + [0, 0, 1000]
    drift = np.linspace(0, 300, COUNTS[subject])[:, None, None]
    return body + drift * rng.uniform(-1, 1, 3)


def in_camera(points, camera):
    """World to camera space, and pixels without distortion."""
    seen = np.einsum(
        'ij,nkj->nki', rotation(camera), points - EXTRINSICS[camera][3:]
    )
    f, c = np.array(INTRINSICS[camera][:2]), np.array(INTRINSICS[camera][2:4])
    return seen, seen[..., :2] / seen[..., 2:] * f + c


def shade(frame):
    """The grey of a frame: neighbours differ by 37."""
    return 28 + frame * 37 % 200


def write_posenet_(root, trials=TRIALS, position=True):
    """The PoseNet form; ``t`` is a place or a translation."""
    (root / 'annotations').mkdir(parents=True)
    grey = {}
    for subject in {s for s, _ in trials}:
        number = int(subject[1:])
        images, annotations, joints = [], [], {}
        for _, action in [key for key in trials if key[0] == subject]:
            for trial in (1, 2):
                points = world(subject, action, trial)
                act = NUMBERS[action]
                joints.setdefault(str(act), {})[str(trial)] = {
                    str(n): pose.tolist() for n, pose in enumerate(points)
                }
                for cam in range(1, 5):
                    if (number, act, trial, cam) == (11, 2, 2, 1):
                        continue
                    folder = (
                        f's_{number:02d}_act_{act:02d}_subact_{trial:02d}'
                        f'_ca_{cam:02d}'
                    )
                    (root / 'images' / folder).mkdir(parents=True)
                    for n in range(len(points)):
                        name = f'{folder}/{folder}_{n + 1:06d}.jpg'
                        images.append(
                            dict(
                                id=len(images),
                                file_name=name,
                                width=SIZE[0],
                                height=SIZE[1],
                                subject=number,
                                action_name=action,
                                action_idx=act,
                                subaction_idx=trial,
                                cam_idx=cam,
                                frame_idx=n,
                            )
                        )
                        annotations.append(
                            dict(
                                id=len(annotations),
                                image_id=images[-1]['id'],
                                bbox=[1.0, 2.0, 30.0, 40.0],
                            )
                        )
                        if n % 5 == 0 or n % 64 == 0:
                            value = shade(n)
                            if value not in grey:
                                picture = np.full(SIZE[::-1], value, np.uint8)
                                code = cv2.imencode('.jpg', picture)[1]
                                grey[value] = code.tobytes()
                            path = root / 'images' / name
                            path.write_bytes(grey[value])
        cameras = {}
        for cam in range(4):
            place = np.array(EXTRINSICS[cam][3:], float)
            if not position:
                place = -rotation(cam) @ place
            cameras[str(cam + 1)] = dict(
                R=rotation(cam).tolist(),
                t=place.tolist(),
                f=INTRINSICS[cam][:2],
                c=INTRINSICS[cam][2:4],
            )
        stem = f'Human36M_subject{number}_'
        for part, content in (
            ('data', dict(images=images, annotations=annotations)),
            ('camera', cameras),
            ('joint_3d', joints),
        ):
            path = root / 'annotations' / f'{stem}{part}.json'
            path.write_text(json.dumps(content))
    return root


@pytest.fixture(scope='session')
def write_posenet():
    return write_posenet_


@pytest.fixture
def posenet(tmp_path):
    return write_posenet_(tmp_path / 'posenet')
