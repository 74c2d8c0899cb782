"""Damage valid content: one to three values, a text, or bytes of the file."""

import copy
import io
import json

import numpy as np

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


@np.errstate(all='ignore')
def npz_bytes(arrays, rng):
    """Values, types and shapes of members, or bytes of the file."""
    arrays = dict(arrays)
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(list(arrays))
        array = arrays[name].copy()
        if not array.ndim or not array.size:  # by the first damage
            continue
        kind = rng.randrange(6)
        if kind == 0:
            array = array[: rng.randrange(len(array))]
        elif kind == 1:
            kinds = ['U8', 'S3'] + ['bool', 'int8'] * (
                array.dtype.kind not in 'SU'
            )
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
    np.savez(file, **arrays)
    data = file.getvalue()
    if rng.random() < 0.3:
        data = data.replace(b'\x93NUMPY', b'NONUMPY'[:6])
    return flip_bytes(data, rng) if rng.random() < 0.4 else data
