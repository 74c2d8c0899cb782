"""Human3.6M in miniature: one world, written in two published forms."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

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


def write_cdf(path, values, column_major=False):
    """MATLAB's layout: one record, frames x numbers, named Pose."""
    from cdflib.cdfwrite import CDF

    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    flat = values.reshape(1, len(values), -1)
    kind = 'column_major' if column_major else 'row_major'
    file = CDF(str(path), cdf_spec=dict(Majority=kind, Compressed=0))
    specification = dict(
        Variable='Pose',
        Data_Type=45,
        Num_Elements=1,
        Rec_Vary=True,
        Dim_Sizes=list(flat.shape[1:]),
    )
    if column_major:
        flat = np.ascontiguousarray(flat.transpose(0, 2, 1))
        flat = flat.reshape(1, len(values), -1)
    file.write_var(specification, var_data=flat)
    file.close()


def write_video(path, frames, size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    code = cv2.VideoWriter_fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(path), code, 50, size)
    for frame in frames:
        writer.write(np.full((size[1], size[0], 3), shade(frame), np.uint8))
    writer.release()


def write_metadata(path):
    """metadata.xml with all that is read of it, and some that is not."""
    from h36m.names import trial_name

    actions = 'Directions Discussion Eating Greeting Phoning Posing Purchases '
    actions += 'Sitting SittingDown Smoking Photo Waiting Walking WalkDog '
    actions = (actions + 'WalkTogether').split()
    subjects = [f'S{n}' for n in range(1, 12)]
    rows = [['Action', 'Subaction', *subjects], ['1', '1', *['_ALL 1'] * 11]]
    for number, action in enumerate(actions, 2):
        for trial in (1, 2):
            row = [str(number), str(trial)]
            for s in subjects:
                known = s in ('S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11')
                name = trial_name(s, action, trial) if known else 'x'
                name = TRIALS.get((s, action), [name] * 2)[trial - 1]
                row.append(name)
            rows.append(row)
    w0 = []
    for camera in range(4):
        for subject in range(1, 12):
            known = subject in (1, 9, 11)
            w0 += EXTRINSICS[camera] if known else (0, 0, 0, 1, 2, 3)
    for camera in range(4):
        w0 += INTRINSICS[camera]
    assert len(w0) == 300
    table = ''.join(
        '<tr>' + ''.join(f'<td>{cell}</td>' for cell in row) + '</tr>'
        for row in rows
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?><database name="Human3.6M">'
        f'<mapping>{table}</mapping><actionnames><name>_ALL</name>'
        + ''.join(f'<name>{action}</name>' for action in actions)
        + '</actionnames><dbcameras><index2id>'
        + ''.join(f'<id>{id_}</id>' for id_ in IDS)
        + f'</index2id></dbcameras><w0>[{" ".join(map(repr, map(float, w0)))}]'
        '</w0></database>'
    )


def write_archives_(root, trials=TRIALS):
    """The official archives, extracted."""
    write_metadata(root / 'Release-v1.2/metadata.xml')
    for (subject, action), names in trials.items():
        for trial, name in enumerate(names, 1):
            points = world(subject, action, trial)
            for camera, id_ in enumerate(IDS):
                seen, pixels = in_camera(points, camera)
                for kind, values in (
                    ('D3_Positions_mono', seen),
                    ('D2_Positions', pixels),
                ):
                    joints = np.full((len(values), 32, values.shape[-1]), 9e9)
                    joints[:, MOVING] = values
                    write_cdf(
                        root
                        / subject
                        / 'MyPoseFeatures'
                        / kind
                        / f'{name}.{id_}.cdf',
                        joints,
                        column_major=camera == 1,
                    )
                write_video(
                    root / subject / 'Videos' / f'{name}.{id_}.mp4',
                    range(len(points)),
                )
    return root


@pytest.fixture(scope='session')
def write_archives():
    return write_archives_


@pytest.fixture(scope='session')
def all_archives(tmp_path_factory):
    """Written once; tests that change it take a copy."""
    pytest.importorskip('cdflib', reason='pip install cdflib')
    return write_archives_(tmp_path_factory.mktemp('h36m') / 'archives')


@pytest.fixture
def archives(all_archives, tmp_path):
    return Path(shutil.copytree(all_archives, tmp_path / 'archives'))


@pytest.fixture(scope='session')
def tiny():
    """Functions for tests that write a file of the archives anew."""
    return SimpleNamespace(
        write_cdf=write_cdf,
        write_video=write_video,
        rotation=rotation,
        in_camera=in_camera,
        world=world,
        shade=shade,
        extrinsics=EXTRINSICS,
        intrinsics=INTRINSICS,
    )
