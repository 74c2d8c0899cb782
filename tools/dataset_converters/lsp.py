"""LSP and LSPET: their official archives, and their people as MPII's."""

import re
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from integral_mmpose.datasets.body.head_boxes import HEAD_FACTOR
from integral_mmpose.datasets.body.mpii_box import fields_of_box
from integral_mmpose.datasets.checks import (
    check_array,
    load_json,
    require_file,
)
from integral_mmpose.datasets.mat_files import mpii_truth, read_mat

#: LSP: right ankle, knee, hip; left hip, knee, ankle; right wrist, elbow,
#: shoulder; left shoulder, elbow, wrist; neck; head top -> index in MPII.
TO_MPII = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8, 9)
#: Joint of MPII -> the two joints that it lies between.
MIDDLES = {6: (2, 3), 7: (12, 13)}
NECK, HEAD_TOP = 8, 9
MIN_JOINTS = 12
MIN_SIZE = 60.0
#: Half the side of a crop over the size of the person, and a margin in px.
CROP_FACTOR, CROP_MARGIN = 0.85, 8.0
#: Side of MPII's box over the size of the person.
SCALE_FACTOR = 1.1
#: Head size of PCKh in px at least.
MIN_HEAD = 8.0


class Archive(NamedTuple):
    """How an official archive is written."""

    #: Of joints.mat: 14 joints, 3 numbers (x, y, flag); the images are last.
    shape: Tuple[int, int]
    image: str
    crop: str
    #: LSP's flag is 1 for an occluded joint, which is labelled all the same.
    flag_is_labelled: bool
    splits: Dict[str, str]


ARCHIVES = dict(
    lsp=Archive(
        (3, 14),
        'im{:04d}.jpg',
        'lsp{:04d}.jpg',
        False,
        dict(train='1-1000', val='1001-2000'),
    ),
    lspet=Archive(
        (14, 3), 'im{:05d}.jpg', '{:09d}.jpg', True, dict(train='all')
    ),
)


def read_joints(path: Path, archive: Archive) -> np.ndarray:
    """(n, 14, 3): x, y in 0-based px, and the flag."""
    what, shape = 'the joints of LSP or LSPET', archive.shape
    joints = read_mat(str(path), what, ['joints'])['joints']
    fix = (
        'LSP has (3, 14, n), LSPET (14, 3, n): give lsp or lspet as the first '
        'argument.'
    )
    check_array(joints, (*shape, None), str(path), 'all', 'joints', fix)
    joints = joints.transpose(2, shape.index(14), shape.index(3))
    return joints.astype(np.float64)


def read_numbers(text: str, count: int) -> List[int]:
    """The image numbers of a LIST, in its order."""
    if text == 'all':
        return list(range(1, count + 1))
    span = re.fullmatch(r'(\d+)-(\d+)', text)
    if span:
        items = range(int(span[1]), int(span[2]) + 1)
    else:
        require_file(text, 'the list of images', 'Correct --split.')
        items = _read_list(text)
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


def _read_list(path: str) -> list:
    if path.endswith('.json'):
        return load_json(path, 'the list of images', list)
    try:
        return Path(path).read_text('utf-8-sig').split()
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path}: is no text file and no .json list ({error}). Correct '
            '--split.'
        ) from error


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


class Person(NamedTuple):
    """A person in 1-based pixels of the crop."""

    entry: dict
    head: float
    crop: tuple  # left, top, right, bottom; the last two are exclusive


def to_mpii(joints: np.ndarray, archive: Archive, size) -> tuple:
    """Joints (16, 2) in MPII's order and 0-based px, and labels (16,).

    From the archive's ``joints`` (14, 3) of an image of ``size`` (w, h).
    Joints outside the picture count as unlabelled; those are zero.
    """
    xy, flag = joints[:, :2], joints[:, 2]
    inside = ((xy >= 0) & (xy < size)).all(1)
    px, labelled = np.zeros((16, 2)), np.zeros(16, bool)
    labelled[list(TO_MPII)] = inside & (
        (flag > 0) if archive.flag_is_labelled else True
    )
    px[list(TO_MPII)] = xy
    for joint, (a, b) in MIDDLES.items():
        px[joint] = (px[a] + px[b]) / 2
        labelled[joint] = labelled[a] and labelled[b]
    return np.where(labelled[:, None], px, 0), labelled


def reason_to_leave_out(
    px: np.ndarray, labelled: np.ndarray, min_joints: int
) -> str:
    """Why a person is in no split; empty if it is in one."""
    own = labelled[list(TO_MPII)]
    if own.sum() < min_joints:
        return f'fewer than {min_joints} joints in the picture'
    if not (labelled[NECK] and labelled[HEAD_TOP]):
        return 'no neck or no head top'
    if np.ptp(px[labelled], axis=0).max() < MIN_SIZE:
        return f'smaller than {MIN_SIZE:.0f} px'
    return ''


def make_person(
    px: np.ndarray, labelled: np.ndarray, size, name: str
) -> Person:
    """Crop, and the record of MPII in 1-based pixels of the crop.

    ``px`` (16, 2) are 0-based pixels of the image, which has the ``size``
    (w, h); ``name`` is the file name of the crop.
    """
    low, high = px[labelled].min(0), px[labelled].max(0)
    center, side = (low + high) / 2, (high - low).max()
    half = CROP_FACTOR * side + CROP_MARGIN
    corner = np.maximum(np.floor(center - half), 0).astype(int)
    end = np.minimum(np.ceil(center + half), size).astype(int)
    one_based = np.where(labelled[:, None], px - corner + 1, 0)
    entry = dict(
        image=name,
        **fields_of_box(center - corner, SCALE_FACTOR * side),
        joints=one_based.round(2).tolist(),
        joints_vis=labelled.astype(int).tolist(),
    )
    head = np.linalg.norm(px[NECK] - px[HEAD_TOP])
    return Person(entry, max(head, MIN_HEAD), (*corner, *end))


def truth_mat(people: List[Person]) -> bytes:
    """The bytes of ``*_gt_*.mat``, whose head boxes give the head sizes."""
    sides = np.array([p.head for p in people]) / HEAD_FACTOR / np.sqrt(2)
    boxes = np.zeros((2, 2, len(people)))
    boxes[1] = sides
    joints = np.stack([p.entry['joints'] for p in people])
    labelled = np.stack([p.entry['joints_vis'] for p in people])
    return mpii_truth(boxes, joints, labelled)
