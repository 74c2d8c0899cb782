"""Write the embedded synthetic data in the layouts of the real data sets.

    python tools/dataset_converters/make_synthetic.py --out data/synthetic

writes OUT/h36m, OUT/mpii and OUT/coco. The same seed and scale give the same
bytes; a complete set is left as it is, a half-made one is made again.
"""

import os
import sys
import time

from integral_mmpose.command import at_least_one, make_parser, reports_errors
from integral_mmpose.synthetic.generate import SCALES, count_images, generate


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--scale',
        choices=list(SCALES),
        default='tiny',
        help='number of images: '
        + ', '.join(f'{n}: {count_images(s):,}' for n, s in SCALES.items())
        + ' (default: tiny)',
    )
    parser.add_argument(
        '--jobs',
        type=at_least_one,
        default=os.cpu_count(),
        help='processes',
    )
    args = parser.parse_args()
    if args.seed < 0:
        parser.error('--seed must not be negative')
    start = time.time()

    def show(line: str) -> None:
        print(f'[{time.time() - start:5.0f} s] {line}', flush=True)

    manifest = generate(args.out, args.seed, args.scale, args.jobs, show)
    seconds = time.time() - start
    images = sum(manifest['counts'].values())
    print(f'{images} images in {args.out} ({seconds:.0f} s)')


if __name__ == '__main__':
    sys.exit(main())
