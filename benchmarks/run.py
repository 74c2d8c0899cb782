"""Time the integral, forward and backward, against peer formulations.

    python benchmarks/run.py [--quick]

Every figure is a median of this run on this machine, with its interquartile
range, and a ratio to the peers of the same run; it goes to
``benchmarks/results.json`` and to the screen.
"""

import argparse
import json
import platform
from pathlib import Path

import peers
import torch
from torch.utils.benchmark import Timer

from integral_mmpose import functional

CASES = {
    '3D (8, 18, 64, 64, 64)': (
        (8, 18, 64, 64, 64),
        dict(ours=functional.integral, official=peers.official),
    ),
    '2D (64, 17, 64, 64)': (
        (64, 17, 64, 64),
        dict(
            ours=functional.integral,
            official=peers.official,
            mmpose=peers.mmpose_2d,
        ),
    ),
}


def measure(function, logits, seconds):
    """Median and interquartile range of forward + backward in ms."""

    def step():
        logits.grad = None
        function(logits).sum().backward()

    result = Timer('step()', globals=dict(step=step)).blocked_autorange(
        min_run_time=seconds
    )
    return dict(median_ms=1e3 * result.median, iqr_ms=1e3 * result.iqr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--quick',
        action='store_true',
        help='an eighth of the batch, half a second a figure',
    )
    args = parser.parse_args()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    results = dict(
        machine=platform.processor() or platform.machine(),
        device=device,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        quick=args.quick,
        cases={},
    )
    print('| case | formulation | ms (IQR) | ours is faster by |')
    print('|---|---|---|---|')
    for name, (shape, functions) in CASES.items():
        batch = max(1, shape[0] // 8) if args.quick else shape[0]
        logits = torch.randn(
            batch, *shape[1:], device=device, requires_grad=True
        )
        rows = {
            key: measure(f, logits, 0.5 if args.quick else 4)
            for key, f in functions.items()
        }
        for key, row in rows.items():
            row['ratio'] = row['median_ms'] / rows['ours']['median_ms']
            print(
                f'| {name} | {key} | {row["median_ms"]:.1f} '
                f'({row["iqr_ms"]:.1f}) | {row["ratio"]:.2f} |'
            )
        results['cases'][name] = rows
    out = Path(__file__).with_name('results.json')
    if not args.quick:
        out.write_text(json.dumps(results, indent=2))


if __name__ == '__main__':
    main()
