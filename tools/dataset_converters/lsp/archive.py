"""The official archives of LSP and LSPET, and lists of their images."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from integral_mmpose.datasets.checks import require_file
from integral_mmpose.datasets.mat_files import read_mat


class Archive(NamedTuple):
    """How an official archive is written."""

    axes: str  # of joints.mat: v is x, y, flag; j the joint; n the image
    image: str
    crop: str
    #: LSP's flag is 1 for an occluded joint, which is labelled all the same.
    flag_is_labelled: bool
    splits: Dict[str, str]


ARCHIVES = dict(
    lsp=Archive(
        'vjn',
        'im{:04d}.jpg',
        'lsp{:04d}.jpg',
        False,
        dict(train='1-1000', val='1001-2000'),
    ),
    lspet=Archive(
        'jvn', 'im{:05d}.jpg', '{:09d}.jpg', True, dict(train='all')
    ),
)


def read_joints(path: Path, archive: Archive) -> np.ndarray:
    """(n, 14, 3): x, y in 0-based px, and the flag."""
    joints = read_mat(str(path), 'the joints of LSP or LSPET', ['joints'])
    joints = joints['joints']
    sizes = dict(v=3, j=14)
    expected = tuple(sizes.get(axis, 'n') for axis in archive.axes)
    fits = joints.ndim == 3 and joints.shape[:2] == expected[:2]
    if not fits or joints.dtype.kind not in 'fiu':
        text = ', '.join(map(str, expected))
        raise ValueError(
            f'{path}: `joints` must hold numbers of the shape ({text}), got '
            f'{joints.dtype} of the shape {joints.shape}. LSP has (3, 14, n), '
            'LSPET (14, 3, n): give lsp or lspet as the first argument.'
        )
    order = [archive.axes.index(axis) for axis in 'njv']
    return joints.transpose(order).astype(np.float64)


def read_numbers(text: str, count: int) -> List[int]:
    """The image numbers of a LIST, in its order."""
    if text == 'all':
        return list(range(1, count + 1))
    span = re.fullmatch(r'(\d+)-(\d+)', text)
    if span:
        items = range(int(span[1]), int(span[2]) + 1)
    else:
        require_file(text, 'the list of images', 'Correct --split.')
        items = _read_list(Path(text))
    numbers = [_number(item, text) for item in items]
    if not numbers:
        raise ValueError(f'--split {text}: the list is empty')
    for number in numbers:
        if not 1 <= number <= count:
            raise ValueError(
                f'--split {text}: the archive has no image {number}, it has '
                f'1 to {count}'
            )
    refuse_twice(numbers, text)
    return numbers


def _read_list(path: Path) -> Sequence:
    try:
        text = path.read_text('utf-8-sig')
        items = json.loads(text) if path.suffix == '.json' else text.split()
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: no text or JSON list ({error})') from error
    if not isinstance(items, list):
        raise ValueError(f'{path}: must be a JSON list of images')
    return items


def _number(item, text: str) -> int:
    """12 of 12, '12', 'im0012.jpg' and {'image': 'lsp0012.jpg'}."""
    if isinstance(item, dict):
        item = item.get('image')
    if type(item) is int:
        return item
    found = re.fullmatch(r'\D*(\d{1,9})(\.\w+)?', str(item))
    if not isinstance(item, str) or not found:
        raise ValueError(
            f'--split {text}: {item!r} is no image number and no image name'
        )
    return int(found[1])


def refuse_twice(numbers: Sequence[int], where: str) -> None:
    """Every image is listed once."""
    number, count = Counter(numbers).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f'--split {where}: the image {number} is listed twice'
        )
