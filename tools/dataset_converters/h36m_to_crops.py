"""Cut the people out of Human3.6M's images, once, so that loading is fast.

    python tools/dataset_converters/h36m_to_crops.py data/h36m --out data/h36m_320
    H36M_ROOT=data/h36m_320 python tools/train.py CONFIG

ROOT has the layout of docs/reference/data_layouts.md with whole images; OUT gets the same layout
with squares of 2500 mm around the pelvis, scaled to --crop px, and annotations
with the camera of each image. Started again it goes on where it was.
"""  # noqa: E501

import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional

from h36m.crops import claim_folder, plan_crops, read_rows, write_crops
from h36m.rows import npz_bytes
from integral_mmpose.command import at_least_one, make_parser, reports_errors
from integral_mmpose.files import write_atomically


def convert(args: argparse.Namespace) -> None:
    """Read, check, cut, write and report; annotations come last."""
    splits = args.splits or [
        split
        for split in ('train', 'test')
        if Path(args.root, f'annotations/h36m_{split}.npz').is_file()
    ]
    if not splits:
        raise FileNotFoundError(
            f'{args.root}/annotations has neither h36m_train.npz nor '
            'h36m_test.npz. Give a folder in the layout of '
            'docs/reference/data_layouts.md.'
        )
    plans = {}
    for split in splits:
        rows, cameras = read_rows(args.root, split)
        plans[split] = plan_crops(rows, cameras, args.crop)
    claim_folder(args.root, args.out, args.crop, plans)
    for split, (rows, boxes) in plans.items():
        names = rows['imgname'].tolist()
        new = write_crops(
            args.root, args.out, names, boxes, args.crop, args.jobs
        )
        path = Path(args.out, f'annotations/h36m_{split}.npz')
        write_atomically(path, npz_bytes(rows))
        print(f'{split}: {len(names)} frames, {new} images new', flush=True)
    cameras = Path(args.root, 'annotations/cameras.json').read_bytes()
    write_atomically(Path(args.out, 'annotations/cameras.json'), cameras)


@reports_errors
def main(argv: Optional[List[str]] = None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument('root', help='the h36m folder with whole images')
    parser.add_argument('--out', required=True, help='the h36m folder to make')
    parser.add_argument(
        '--crop',
        type=int,
        default=320,
        metavar='PX',
        help='side of the squares of 2500 mm; with 320 the 2000 mm box has '
        '256 px, with 80 it has 64 px',
    )
    parser.add_argument('--splits', nargs='+', choices=('train', 'test'))
    parser.add_argument('--jobs', type=at_least_one, default=os.cpu_count())
    args = parser.parse_args(argv)
    if args.crop < 64:
        parser.error('--crop must be at least 64')
    convert(args)


if __name__ == '__main__':
    sys.exit(main())
