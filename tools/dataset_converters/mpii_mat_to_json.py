"""Convert MPII's own annotation to the json and .mat files for training.

    python tools/dataset_converters/mpii_mat_to_json.py \
        mpii_human_pose_v1_u12_1.mat --out data/mpii --val-list mpii_val.json

writes OUT/annotations: mpii_{train,val,trainval,test}.json (1-based pixels, as
in the .mat), mpii_gt_{train,val,trainval}.mat (head boxes, as MMPose has
them), mpii_test_images.json (every person of the test images, which a
submission must list), and mpii_left_out.json (who is in no split, and why).
Nothing is written after an error.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np

from integral_mmpose.command import (
    make_parser,
    reports_errors,
    write_and_report,
)
from integral_mmpose.datasets.mat_files import mpii_truth
from mpii.release import Image, read_release
from mpii.split import KNOWN_COUNTS, KNOWN_IMAGES, Key, Split, split_people
from mpii.val_list import read_val_list

#: So many names are printed for each reason; all are in mpii_left_out.json.
PRINTED_NAMES = 3


def entry_of(images: List[Image], key: Key, **fields) -> dict:
    """The json entry of a person; with ``fields`` that of a test person."""
    image = images[key[0]]
    person = image.people[key[1]]
    entry = dict(
        image=image.name, center=list(person.center), scale=person.scale
    )
    if not image.train:
        return dict(entry, **fields, annorect_index=key[1] + 1)
    # `joints_vis` says labelled, seen or not, as in the widely used json.
    return dict(
        entry,
        joints=person.joints.tolist(),
        joints_vis=person.labelled.astype(int).tolist(),
        is_visible=person.visible.tolist(),  # 1, 0 occluded, -1 not stated
    )


def test_list(images: List[Image], keys: List[Key]) -> List[dict]:
    """Every test image with everybody on it, in the release's order."""
    predicted, entries = set(keys), []
    for i, image in enumerate(images):
        if image.train:
            continue
        people = [
            dict(center=p.center, scale=p.scale, predict=(i, r) in predicted)
            for r, p in enumerate(image.people)
        ]
        entries.append(dict(image=image.name, people=people))
    return entries


def truth_mat(images: List[Image], keys: List[Key]) -> bytes:
    """The bytes of ``mpii_gt_*.mat``: head boxes (2, 2, n) and the joints."""
    people = [images[i].people[r] for i, r in keys]
    return mpii_truth(
        np.stack([p.head_box for p in people], -1),
        np.stack([p.joints for p in people]),
        np.stack([p.labelled for p in people]).astype(int),
    )


def make_files(images: List[Image], split: Split) -> Dict[str, bytes]:
    """The content of every file by its name."""
    files = {'mpii_left_out.json': as_json(split.left_out)}
    numbers = [i for i, image in enumerate(images) if not image.train]
    for name, keys in split.people.items():
        if name == 'test':
            places = {i: dict(image_index=n) for n, i in enumerate(numbers, 1)}
            entries = [entry_of(images, k, **places[k[0]]) for k in keys]
            files['mpii_test_images.json'] = as_json(test_list(images, keys))
        else:
            entries = [entry_of(images, key) for key in keys]
            files[f'mpii_gt_{name}.mat'] = truth_mat(images, keys)
        files[f'mpii_{name}.json'] = as_json(entries)
    return files


def as_json(content) -> bytes:
    """JSON without NaN, in bytes."""
    return json.dumps(content, allow_nan=False).encode()


def warnings_of(images: List[Image], split: Split) -> List[str]:
    """What is not as in the release u12_1 and the public codes."""
    if len(images) != KNOWN_IMAGES:
        return [
            f'{len(images)} images: not the release u12_1, which has '
            f'{KNOWN_IMAGES}; the numbers of persons cannot be checked'
        ]
    return [
        f'{name}: {len(keys)} persons, but {KNOWN_COUNTS[name]} in the public '
        'codes'
        for name, keys in split.people.items()
        if len(keys) != KNOWN_COUNTS[name]
    ]


def convert(mat: str, out: str, val_list: Optional[str] = None) -> None:
    images = read_release(mat)
    val = None if val_list is None else read_val_list(val_list, images)
    split = split_people(images, None if val is None else val.people)
    empty = [k for k, keys in split.people.items() if not keys and k != 'test']
    if empty:
        raise ValueError(
            f'{mat}: nobody is left for the split {empty[0]} (left out: '
            f'{"; ".join(sorted(split.left_out))}). Give the annotation as it '
            'is published, or correct --val-list.'
        )
    train = sum(image.train for image in images)
    digest = hashlib.sha256(Path(mat).read_bytes()).hexdigest()
    print(f'{mat}: sha256 {digest}')
    print(f'{train} training images, {len(images) - train} test images')
    for reason, names in sorted(split.left_out.items()):
        print(f'left out, {reason}: {short(names)}')
    if val is None:
        print(
            'no --val-list: MPII itself has no validation persons, so '
            'mpii_trainval and mpii_test are written, mpii_train and mpii_val '
            'are not'
        )
    problems = warnings_of(images, split)
    if val and val.unknown:
        problems.append(f'{val_list}: fit nobody: {short(val.unknown)}')
    for problem in problems:
        print(f'warning: {problem}', file=sys.stderr)
    for name, content in sorted(make_files(images, split).items()):
        write_and_report(Path(out, 'annotations', name), content)
    counts = [f'{len(keys)} {name}' for name, keys in split.people.items()]
    print('persons: ' + ', '.join(sorted(counts)))


def short(names: List[str]) -> str:
    """The number of names and the first of them."""
    rest = ', ...' if len(names) > PRINTED_NAMES else ''
    return f'{len(names)} ({", ".join(names[:PRINTED_NAMES])}{rest})'


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('mat', help='mpii_human_pose_v1_u12_1.mat')
    parser.add_argument('--out', required=True, help='the mpii folder')
    parser.add_argument(
        '--val-list',
        help='who the validation persons are: an mpii_val.json, '
        "Tompson's detections.mat, or a text file of image names",
    )
    args = parser.parse_args()
    convert(args.mat, args.out, args.val_list)


if __name__ == '__main__':
    sys.exit(main())
