"""Damaged files: read with finite numbers, or refused by an error of ours.

Each case changes one to three values of a valid file, or its bytes. What is
not a ValueError, FileNotFoundError or TypeError of this package that names the
file would reach the user as a raw traceback.
"""

import copy
import io
import json
import random
from pathlib import Path

import numpy as np
import pytest

from integral_mmpose.datasets import (
    CocoCheckedDataset,
    H36MImageDataset,
    MpiiExactDataset,
)
from integral_mmpose.evaluation import FiniteCocoMetric

from .test_coco import BOXES, CONTENT, DETECTIONS, VAL

CASES = 75  # of each of four kinds of files
HUGE = 10**400
VALUES = (
    None, True, False, '', 'text', '\ud800', [], {}, [[]], [3], {'a': 1},
    0, -1, -5.5, 1e-40, 99999, 1e300, HUGE, -HUGE,
    float('nan'), float('inf'), float('-inf'), [1, 'x'], [True] * 4,
)  # fmt: skip
TEXTS = (
    '', '{', '[', 'null', '3', '"a"', '[' * 100000, '{"a":' * 100000,
    '[1e400]', '[' + '9' * 5000 + ']', '\x00', '[]', '{}', '[null]',
)  # fmt: skip


def damage(content, rng):
    """Change one to three values, anywhere."""
    content = copy.deepcopy(content)
    for _ in range(rng.randint(1, 3)):
        part = content
        while True:
            keys = list(part) if isinstance(part, dict) else range(len(part))
            key = rng.choice(list(keys))
            deeper = part[key]
            if isinstance(deeper, (dict, list)) and deeper:
                if rng.random() < 0.8:
                    part = deeper
                    continue
            break
        if isinstance(part, dict) and rng.random() < 0.15:
            del part[key]
        else:
            part[key] = copy.deepcopy(rng.choice(VALUES))
        if not content:
            break
    return content


def json_bytes(content, rng):
    if rng.random() < 0.15:
        text = rng.choice(TEXTS)
    else:
        # Python writes 10**400 in full, NaN and Infinity as their names.
        text = json.dumps(damage(content, rng))
    data = text.encode('utf-8', 'surrogatepass')
    return b'\xef\xbb\xbf' + data if rng.random() < 0.2 else data


def flip_bytes(data, rng):
    data = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])


def npz_bytes(arrays, rng):
    """Values, types and shapes of members, or bytes of the file."""
    arrays = dict(arrays)
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(list(arrays))
        array = arrays[name].copy()
        kind = rng.randrange(6)
        if kind == 0:
            array = array[: rng.randrange(len(array))]
        elif kind == 1:
            kinds = ['U8', 'S3'] + ['bool', 'int8'] * (array.dtype.kind != 'U')
            array = array.astype(rng.choice(kinds))
        elif kind == 2:
            array = array.reshape(-1)
        elif kind == 3:
            array = np.array(rng.choice([0, 'text', np.nan, True]))
        elif array.dtype.kind == 'U':
            array[rng.randrange(len(array))] = rng.choice(['', 'a', '/x_1.j'])
        elif array.dtype.kind == 'f':
            value = rng.choice([np.nan, np.inf, 1e-40, -5.5, 99999, 1e30])
            array.reshape(-1)[rng.randrange(array.size)] = value
        arrays[name] = array
    file = io.BytesIO()
    with np.errstate(all='ignore'):
        np.savez(file, **arrays)
    data = file.getvalue()
    if rng.random() < 0.3:
        data = data.replace(b'\x93NUMPY', b'NONUMPY'[:6])
    return flip_bytes(data, rng) if rng.random() < 0.4 else data


def finite(data):
    """Every number of every sample."""
    for n in range(len(data)):
        for key, value in data.get_data_info(n).items():
            if isinstance(value, (float, np.ndarray)) and key != 'area':
                assert np.isfinite(value).all(), key


def run(build, file, rng_state):
    """Accepted and finite, or refused by an error that names the file."""
    try:
        data = build()
    except (ValueError, FileNotFoundError) as error:
        assert Path(file).name in str(error), f'{rng_state}: {error!r}'
        assert len(str(error)) < 2000
        return False
    if data is not None:
        finite(data)
    return True


@pytest.mark.parametrize('seed', [0])
def test_mpii(mpii, seed):
    path = Path(mpii.root, 'annotations', 'mpii_train.json')
    accepted = 0
    for case in range(CASES):
        rng = random.Random(f'{seed}-{case}')
        path.write_bytes(json_bytes(mpii.people(), rng))
        accepted += run(
            lambda: MpiiExactDataset(data_root=mpii.root), path, (seed, case)
        )
    assert accepted < CASES


@pytest.mark.parametrize('seed', [0])
def test_coco(tmp_path, seed):
    path = tmp_path / VAL
    path.parent.mkdir()
    accepted = 0
    for case in range(CASES):
        rng = random.Random(f'{seed}-{case}')
        path.write_bytes(json_bytes(CONTENT, rng))

        def build():
            return CocoCheckedDataset(data_root=str(tmp_path), ann_file=VAL)

        accepted += run(build, path, (seed, case))
        run(
            lambda: FiniteCocoMetric(ann_file=str(path)) and None,
            path,
            (seed, case),
        )
    assert accepted < CASES


@pytest.mark.parametrize('seed', [0])
def test_detections(tmp_path, seed):
    for name in (VAL, BOXES):
        (tmp_path / name).parent.mkdir()
    (tmp_path / VAL).write_text(json.dumps(CONTENT))
    path = tmp_path / BOXES
    accepted = 0
    for case in range(CASES):
        rng = random.Random(f'{seed}-{case}')
        path.write_bytes(json_bytes(DETECTIONS, rng))

        def build():
            return CocoCheckedDataset(
                data_root=str(tmp_path),
                ann_file=VAL,
                bbox_file=BOXES,
                test_mode=True,
            )

        accepted += run(build, path, (seed, case))
    assert accepted < CASES


@pytest.mark.parametrize('seed', [0])
def test_human36m(h36m, seed):
    path = Path(h36m.root, 'annotations', 'h36m_train.npz')
    accepted = 0
    for case in range(CASES):
        rng = random.Random(f'{seed}-{case}')
        path.write_bytes(npz_bytes(h36m.arrays(), rng))
        accepted += run(
            lambda: H36MImageDataset(data_root=h36m.root), path, (seed, case)
        )
    assert accepted < CASES
