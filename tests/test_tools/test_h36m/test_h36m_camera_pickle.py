"""MMPose's camera pickle is read, and nothing in a bad one is run."""

import json
import os
import pickle
from pathlib import Path

import h36m_cameras_to_json
import numpy as np
import pytest

from h36m.camera_pickle import read_camera_pickle
from integral_mmpose.datasets import H36MImageDataset


def camera():
    """One camera as MMPose's converter makes it."""
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    return dict(
        R=rotation.T,
        T=np.array([[0.0], [-5.0], [1.0]]),
        c=np.array([[512.5], [515.25]]),
        f=np.array([[1145.0], [1143.75]]),
        k=np.array([[-0.2], [0.25], [-0.003]]),
        p=np.array([[-0.001], [-0.002]]),
        w=1000,
        h=1002,
        name='camera1',
        id='54138969',
    )


@pytest.fixture
def write(tmp_path):
    def write_(content, protocol=3):
        path = tmp_path / 'cameras.pkl'
        raw = isinstance(content, bytes)
        path.write_bytes(content if raw else pickle.dumps(content, protocol))
        return str(path)

    return write_


@pytest.mark.parametrize('protocol', range(2, 6))
def test_every_number(write, tmp_path, capsys, protocol):
    path = write({('S9', '54138969'): camera()}, protocol)
    out = tmp_path / 'deep/cameras.json'
    assert h36m_cameras_to_json.main([path, '--out', str(out)]) == 0
    assert json.loads(out.read_text()) == dict(
        S9={
            '54138969': dict(
                R=[[1, 0, 0], [0, 0, -1], [0, 1, 0]],
                T=[0, -5000, 1000],
                f=[1145, 1143.75],
                c=[512.5, 515.25],
                k=[-0.2, 0.25, -0.003],
                p=[-0.001, -0.002],
                w=1000,
                h=1002,
            )
        }
    )
    assert '1 cameras of 1 subjects' in capsys.readouterr().out


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def malicious(canary):
    command = f'touch {canary}'
    opened = (str(canary), 'w')
    return {
        'os.system': Call(os.system, command),
        'open': Call(open, *opened),
        'eval': Call(eval, f'open({str(canary)!r}, "w")'),
        'inside a camera': {('S1', '54138969'): Call(os.system, command)},
        'as a key': {Call(os.system, command): 1},
        'getattr': Call(getattr, 'text', 'format'),
        'np.load': Call(np.load, str(canary), 'r', True),
        'numpy.memmap': Call(np.memmap, str(canary), 'u1', 'w+', 0, (4,)),
        'numpy.tofile': Call(np.ndarray.tofile, np.ones(2), str(canary)),
        'object array': np.array([Call(os.system, command)], object),
        'raw': b"cos\nsystem\n(S'" + command.encode() + b"'\ntR.",
        'dtype of objects': b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR.",
        'state of a class': b"cnumpy\ndtype\n}S'a'\nI1\nsb.",
        'dotted name': b'\x80\x04\x8c\x05numpy\x8c\nndarray.ds\x93.',
        'persistent': b'Pabc\n.',
    }


@pytest.mark.parametrize('name', list(malicious('x')))
def test_nothing_is_run(write, tmp_path, capsys, name):
    canary = tmp_path / 'canary'
    path = write(malicious(canary)[name])
    out = tmp_path / 'cameras.json'
    assert h36m_cameras_to_json.main([path, '--out', str(out)])
    message = capsys.readouterr().err
    assert message.startswith(f'error: {path}: ')
    assert 'nothing of it was run' in message
    assert not canary.exists() and not out.exists()


def test_the_canaries_sing(tmp_path):
    """With plain pickle the same files do run."""
    canary = tmp_path / 'canary'
    pickle.loads(pickle.dumps(malicious(canary)['os.system']))
    assert canary.exists()


@pytest.mark.parametrize(
    'change,message',
    [
        (lambda c: c.pop('f'), 'S9/54138969: field `f`'),
        (lambda c: c.update(T=np.ones(4)), '`T` must have the shape'),
        (lambda c: c.update(R=2 * np.eye(3)), '`R` is no rotation'),
        (lambda c: c.update(R=-c['R']), '`R` is a reflection'),
        (lambda c: c['f'].fill(0.5), '`f` must .* at least 1 px'),
        (lambda c: c['c'].fill(np.nan), '`c` holds a number'),
        (lambda c: c.pop('w'), '`w, h`'),
        (lambda c: c.update(w=-5), 'S9/54138969: field `w, h` must be whole'),
        (lambda c: c.update(h=0.5), '`w, h` must be whole numbers of at'),
    ],
)
def test_a_bad_camera(write, change, message):
    bad = camera()
    change(bad)
    with pytest.raises(ValueError, match=message):
        read_camera_pickle(write({('S9', '54138969'): bad}))


@pytest.mark.parametrize(
    'content,message',
    [
        ([1], 'holds a list'),
        ({}, 'no cameras'),
        ({'S1': camera()}, "id 'S1': must be"),
        (b'', 'not a pickle'),
        (b'\x80\x04K', 'not a pickle'),
        (b'PK\x03\x04', 'not a pickle'),
    ],
)
def test_no_cameras(write, content, message):
    with pytest.raises(ValueError, match=message):
        read_camera_pickle(write(content))
    with pytest.raises(FileNotFoundError, match='nowhere.pkl'):
        read_camera_pickle('nowhere.pkl')


@pytest.mark.shared_data
@pytest.mark.skipif(
    'INTEGRAL_MMPOSE_DATA' not in os.environ,
    reason='INTEGRAL_MMPOSE_DATA is not set: needs samples/h36m',
)
def test_the_real_cameras(tmp_path):
    """Four real frames: pixels meet, and people stand on the floor."""
    root = Path(os.environ['INTEGRAL_MMPOSE_DATA'], 'samples/h36m')
    out = tmp_path / 'cameras.json'
    assert (
        h36m_cameras_to_json.main(
            [str(root / 'cameras.pkl'), '--out', str(out)]
        )
        == 0
    )
    cameras = json.loads(out.read_text())
    assert len(cameras) == 11 and all(len(c) == 4 for c in cameras.values())
    dataset = H36MImageDataset(
        data_root=str(root),
        ann_file='test_h36m_body3d.npz',
        camera_file=str(out),
        data_prefix=dict(img=''),
    )
    for index in range(4):
        info = dataset.get_data_info(index)
        points = info['keypoints_cam'][0, :17].astype(np.float64)
        ratio = points[:, :2] / points[:, 2:]
        seen = ratio * info['focal'] + info['principal']
        pixels = info['keypoints'][0, :17, :2]
        # Without distortion up to 2.5 px off, with it exact.
        assert np.abs(seen - pixels).max() < 3.0
        camera = cameras[info['subject']][info['camera_id']]
        k, p = camera['k'], camera['p']
        square = (ratio**2).sum(1)
        bend = 1 + k[0] * square + k[1] * square**2 + k[2] * square**3
        bend += p[0] * ratio[:, 1] + p[1] * ratio[:, 0]
        bent = ratio * bend[:, None] + np.outer(square, p[::-1])
        seen = bent * camera['f'] + camera['c']
        assert np.abs(seen - pixels).max() < 1e-3
        # x = R (X - T) means X = R^T x + T; z is up, the floor is at 0.
        world = points @ np.array(camera['R']) + camera['T']
        assert np.abs(world[:, :2]).max() < 3000
        assert 0 < world[[3, 6], 2].min() < 150
        assert world[:, 2].max() < 2000
