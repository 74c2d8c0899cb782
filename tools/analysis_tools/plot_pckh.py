"""Draw Figure 2 of the paper: PCKh over the normalised distance on MPII.

    python tools/analysis_tools/plot_pckh.py h1.json istar.json \
        --labels H1 'I*' --out figure2.png

The files come from a test with the metric's outfile set:

    python tools/test.py CONFIG CHECKPOINT \
        --cfg-options test_evaluator.outfile=istar.json
"""

import sys
from pathlib import Path

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.evaluation import plot_pckh


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('results', nargs='+', help="PCKhCurve's JSON files")
    parser.add_argument(
        '--labels', nargs='+', help='names in the legend; the file names'
    )
    parser.add_argument('--out', required=True, help='the picture, .png')
    args = parser.parse_args()
    labels = args.labels or [Path(path).stem for path in args.results]
    if len(labels) != len(args.results) or len(set(labels)) != len(labels):
        parser.error(
            f'{len(args.results)} files need as many different --labels, got '
            f'{labels}'
        )
    plot_pckh(dict(zip(labels, args.results)), args.out)
    print(args.out)


if __name__ == '__main__':
    sys.exit(main())
