"""Compare models on the MPII joints that all of them find.

    python tools/test.py CONFIG CHECKPOINT \
        --cfg-options test_evaluator.outfile=i1.json
    python tools/analysis_tools/compare_pckh.py h1.json i1.json --labels H1 I1

reproduction/reproduce.py writes such a file for each model:
RUN/seed0/test.json. PCKh mixes two questions: whether a joint is found, and
how exactly. This prints PCKh@0.5, PCKh@0.1, AUC and the median distance (in
head sizes) over all joints, and over the joints that every model puts within
--within heads, which answers the second question. --bootstrap 10000 adds the
difference of each model from the first one, over all joints, with the 95 %
bootstrap interval over test people (not over trainings).
"""

import sys
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.evaluation import read_pckh

COLUMNS = ('joints', 'PCKh@0.5', 'PCKh@0.1', 'AUC', 'median')


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('files', nargs='+', help='of PCKhCurve(outfile=...)')
    parser.add_argument(
        '--labels', nargs='+', help='names of the models; the file names'
    )
    parser.add_argument(
        '--within', type=float, default=0.5, help='head sizes (0.5)'
    )
    parser.add_argument(
        '--auc-to',
        type=float,
        default=0.5,
        help='the AUC is over 0 to this distance (0.5 head sizes)',
    )
    parser.add_argument(
        '--bootstrap',
        type=int,
        default=0,
        metavar='DRAWS',
        help='compare with the first model, with 95 %% intervals',
    )
    args = parser.parse_args()
    labels = args.labels or [Path(path).stem for path in args.files]
    if args.bootstrap < 0:
        parser.error(f'--bootstrap must be >= 0, got {args.bootstrap}')
    if len(labels) != len(args.files):
        parser.error(f'{len(args.files)} files need as many --labels')
    models = [read_pckh(path).distances for path in args.files]
    check_same_joints(models, args.files)
    distances = np.stack(models)
    counted = ~np.isnan(models[0])
    found = counted & (distances <= args.within).all(0)
    alphas = np.linspace(0, args.auc_to, 51)
    print_table('all labelled joints', labels, distances[:, counted], alphas)
    title = f'joints that every model puts within {args.within:g} heads'
    print_table(title, labels, distances[:, found], alphas)
    if args.bootstrap:
        print_differences(labels, distances, counted, alphas, args.bootstrap)


def check_same_joints(models: list, paths: list) -> None:
    """Raise ValueError if the models were not tested on the same people."""
    first = np.isnan(models[0])
    for distances, path in zip(models, paths):
        if not np.array_equal(np.isnan(distances), first):
            raise ValueError(
                f'{path} and {paths[0]} have different people or labels: '
                'test the models with the same annotations'
            )


def print_table(
    title: str, labels: list, distances: np.ndarray, alphas: np.ndarray
) -> None:
    """A row a model; ``distances`` (models, joints) in head sizes."""
    print(f'\n{title}\n\n| model | {" | ".join(COLUMNS)} |')
    print('|---' * (len(COLUMNS) + 1) + '|')
    for label, row in zip(labels, distances):
        numbers = [f'{len(row)}']
        if len(row):
            curve = np.mean([row <= alpha for alpha in alphas])
            values = ((row <= 0.5).mean(), (row <= 0.1).mean(), curve)
            numbers += [f'{100 * value:.2f}' for value in values]
            numbers.append(f'{np.median(row):.3f}')
        else:
            numbers += ['–'] * 4
        print(f'| {label} | {" | ".join(numbers)} |')


def print_differences(
    labels: list,
    distances: np.ndarray,
    counted: np.ndarray,
    alphas: np.ndarray,
    draws: int,
) -> None:
    """A row a model but the first; ``distances`` (models, N, K), heads."""
    title = f'difference from {labels[0]}, 95 % bootstrap interval'
    print(f'\n{title} ({draws} draws of people)\n')
    print('| model | PCKh@0.5 | PCKh@0.1 | AUC |\n|---|---|---|---|')
    joints = counted.sum(-1)
    points = [_points(distances, counted, a) for a in ([0.5], [0.1], alphas)]
    for number, label in enumerate(labels[1:], 1):
        cells = []
        for found in points:
            gain = found[number] - found[0]
            interval = bootstrap(
                (gain, joints),
                lambda a, b, axis: a.sum(axis) / b.sum(axis),
                paired=True,
                method='percentile',
                n_resamples=draws,
                batch=100,
                random_state=0,
            ).confidence_interval
            cells.append(
                f'{gain.sum() / joints.sum():+.2f} '
                f'[{interval.low:+.2f}, {interval.high:+.2f}]'
            )
        print(f'| {label} | {" | ".join(cells)} |')


def _points(
    distances: np.ndarray, counted: np.ndarray, alphas: np.ndarray
) -> np.ndarray:
    """100 x joints found of each person (models, N), mean over ``alphas``."""
    hits = [(counted & (distances <= alpha)).sum(-1) for alpha in alphas]
    return 100 * np.mean(hits, axis=0)


if __name__ == '__main__':
    sys.exit(main())
