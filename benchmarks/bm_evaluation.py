"""Evaluation: Procrustes and PCK curves of whole data sets.

Peers: Procrustes pose by pose, as MMPose's MPJPE calls its
``compute_similarity_transform`` (numpy's SVD); the PCK curve by a loop over
the thresholds. The floor of Procrustes is the time to read both sets of poses
and to write one at the copy bandwidth of this run.
"""

import common
import numpy as np
from mmpose.evaluation.functional import keypoint_mpjpe
from torch.utils.benchmark import Timer

from integral_mmpose import geometry

OURS = 'ours'


def time_of(function, seconds=0.0):
    """Median and interquartile range in s; three runs at least."""
    timer = Timer('function()', globals=dict(function=function))
    times = [timer.timeit(1).times[0]]
    while len(times) < 3 or (sum(times) < seconds and len(times) < 20):
        times.append(timer.timeit(1).times[0])
    low, middle, high = np.percentile(times, [25, 50, 75])
    return float(middle), float(high - low)


def row(case, formulation, timing, unit='s', **more):
    """A row; times in s are written in ``unit``."""
    median, iqr = (dict(s=1.0, ms=1e3)[unit] * time for time in timing)
    return common.figure(case, formulation, median, unit, iqr=iqr, **more)


def procrustes(count):
    rng = np.random.default_rng(0)
    truth = 300 * rng.normal(size=(count, 17, 3))
    poses = truth + rng.normal(scale=50, size=truth.shape)
    case = f'PA-MPJPE of {count:,} poses'
    floor = 3 * truth.nbytes / common.copy_bandwidth()
    rows = []
    for name, align in (
        (OURS, geometry.rigid_align),
        ('ours, with scale', geometry.similarity_align),
    ):

        def error(align=align):
            aligned = align(poses, truth)
            return geometry.joint_distances(aligned, truth).mean()

        timing = time_of(error, 3)
        is_target = name == OURS and count == 100_000
        rows.append(
            row(
                case,
                name,
                timing,
                target='<= 2 s' if is_target else '',
                reached=timing[0] <= 2 if is_target else None,
                floor=floor,
                note='float64, the whole set at once',
            )
        )
    part = count // 50
    mask = np.ones((part, 17), bool)
    low, iqr = time_of(
        lambda: keypoint_mpjpe(
            poses[:part], truth[:part], mask, alignment='procrustes'
        )
    )
    rows.append(
        row(
            case,
            'MMPose, pose by pose (with scale)',
            (50 * low, 50 * iqr),
            note=f'{part:,} poses measured, times 50',
        )
    )
    return rows


def loop_over_thresholds(distances, thresholds):
    """PCK (T, K) in percent, a comparison of all distances a threshold."""
    right = [(distances <= threshold).sum(0) for threshold in thresholds]
    return 100 * np.stack(right) / len(distances)


def pck(count):
    distances = np.random.default_rng(0).gamma(2, 0.1, (count, 16))
    case = f'PCK curve, {count:,} people, 51 thresholds'
    thresholds = geometry.PCK_THRESHOLDS
    ours = time_of(lambda: geometry.pck_curve(distances, thresholds), 2)
    loop = time_of(lambda: loop_over_thresholds(distances, thresholds), 2)
    floor = 1e3 * distances.nbytes / common.copy_bandwidth()
    return [
        row(case, OURS, ours, 'ms', floor=floor, note='one pass'),
        row(case, 'loop over thresholds', loop, 'ms'),
    ]


def run(quick: bool) -> list:
    """Measure; by numpy's and torch's threads as they are set."""
    people = 10_000 if quick else 100_000
    return procrustes(people) + pck(people)
