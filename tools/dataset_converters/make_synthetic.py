"""Make the embedded Human3.6M, MPII and COCO.

Example:
    python tools/dataset_converters/make_synthetic.py --out data/synthetic \
        --seed 0 --scale tiny
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from integral_mmpose.datasets.synthetic import (  # noqa: E402
    SCALES, make_synthetic)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--scale', choices=SCALES, default='tiny')
    parser.add_argument('--jobs', type=int, default=None,
                        help='processes, default one per core')
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    try:
        manifest = make_synthetic(args.out, args.seed, args.scale, args.jobs,
                                  log=lambda line: print(line, flush=True))
    except (ValueError, FileExistsError) as error:
        sys.exit(f'error: {error}')
    print(f'{args.out}: {manifest["counts"]}')


if __name__ == '__main__':
    main()
