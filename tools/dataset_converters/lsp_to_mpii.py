#!/usr/bin/env python3
"""Convert Leeds Sports Pose, or its extended set, to MPII's layout.

    python tools/dataset_converters/lsp_to_mpii.py lsp lsp_dataset \
        --out data/lsp --split train=1-1000 --split val=val.txt
    python tools/dataset_converters/lsp_to_mpii.py lspet lspet_dataset \
        --out data/lspet --split train=train.txt --split val=val.txt

The archive is a folder with joints.mat and images/ (im0001.jpg in lsp,
im00001.jpg in lspet). Each --split NAME=LIST writes OUT/DATA_NAME.json and
OUT/DATA_gt_NAME.mat; their images, cropped around the person, go to
OUT/images. LIST is a range of image numbers (1-1000), a text file of numbers
or image names, or a JSON list of numbers, names or people with an ``image``.
The people keep its order. Default: train=1-1000 and val=1001-2000 for lsp,
train=all images for lspet.

People without neck or head top, with too few joints in the picture, or under
60 px are left out.

Reference: Johnson and Everingham, BMVC 2010 (lsp) and CVPR 2011 (lspet).
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Dict, Union

import numpy as np

from h36m.video import write_image
from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.datasets.checks import require_file
from integral_mmpose.datasets.jpeg import read_reduced
from integral_mmpose.datasets.transforms.loading import checked, read_file
from integral_mmpose.files import write_atomically
from lsp import (
    ARCHIVES,
    MIN_JOINTS,
    Person,
    make_person,
    read_joints,
    read_numbers,
    reason_to_leave_out,
    refuse_twice,
    to_mpii,
    truth_mat,
)


def convert_person(
    root: Path, out: Path, number: int, joints: np.ndarray, options
) -> Union[Person, str]:
    """Write the crop of an image, or say why the person is left out."""
    archive = ARCHIVES[options.data]
    source = str(root / 'images' / archive.image.format(number))
    require_file(source, 'an image of the archive', 'Unpack it again.')
    if not np.isfinite(joints).all():
        raise ValueError(
            f'{root / "joints.mat"}: the joints of image {number} are not '
            'finite'
        )
    image = checked(read_reduced, source, read_file(source), 1)
    size = image.shape[1::-1]
    px, labelled = to_mpii(joints, archive, size)
    reason = reason_to_leave_out(px, labelled, options.min_joints)
    if reason:
        return reason
    person = make_person(px, labelled, size, archive.crop.format(number))
    left, top, right, bottom = person.crop
    path = out / 'images' / person.entry['image']
    write_image(path, image[top:bottom, left:right])
    return person


def convert(options: argparse.Namespace) -> None:
    """Read, check the lists, crop, write and report.

    The annotation files come last: an error leaves none behind.
    """
    root, out, files = Path(options.archive), Path(options.out), {}
    joints = read_joints(root / 'joints.mat', ARCHIVES[options.data])
    splits = {
        name: read_numbers(text, len(joints))
        for name, text in splits_of(options).items()
    }
    refuse_twice(sum(splits.values(), []), ', '.join(splits))
    for name, numbers in splits.items():
        people, left_out = [], {}
        for n in numbers:
            person = convert_person(root, out, n, joints[n - 1], options)
            if isinstance(person, str):
                left_out.setdefault(person, []).append(n)
            else:
                people.append(person)
        if not people:
            raise ValueError(f'--split {name}: everybody is left out')
        entries = [person.entry for person in people]
        files[f'{options.data}_{name}.json'] = json.dumps(entries).encode()
        files[f'{options.data}_gt_{name}.mat'] = truth_mat(people)
        print(f'{name}: {len(people)} people of {len(numbers)} images')
        for reason, found in left_out.items():
            print(f'  left out, {reason}: {len(found)}, first {found[0]}')
    for file, content in files.items():
        write_atomically(out / file, content)


def splits_of(options: argparse.Namespace) -> Dict[str, str]:
    """Name -> LIST."""
    found = {}
    for text in options.split or ():
        name, _, value = text.partition('=')
        if not re.fullmatch(r'[a-z0-9-]+', name) or not value:
            raise ValueError(f'--split {text}: must be NAME=LIST, val=1-10')
        if name in found:
            raise ValueError(f'--split {name} is given twice')
        found[name] = value
    return found or ARCHIVES[options.data].splits


@reports_errors
def main(argv=None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument('data', choices=ARCHIVES)
    parser.add_argument('archive', help='folder of joints.mat and images/')
    parser.add_argument('--out', required=True, help='the folder to write')
    parser.add_argument(
        '--split', action='append', metavar='NAME=LIST', help='see above'
    )
    parser.add_argument(
        '--min-joints',
        type=int,
        default=MIN_JOINTS,
        help='labelled joints in the picture, of 14 (default: %(default)s)',
    )
    convert(parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
