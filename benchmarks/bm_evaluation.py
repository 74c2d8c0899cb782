"""Evaluation: Procrustes, PCK curves and COCO AP of whole data sets.

Peers: Procrustes pose by pose, as MMPose's MPJPE calls its
``compute_similarity_transform`` (numpy's SVD); the PCK curve by a loop over
the thresholds; AP by xtcocotools, as MMPose's CocoMetric. The floor of
Procrustes is the time to read both sets of poses and to write one at the copy
bandwidth of this run.
"""

import contextlib
import io
import json
import tempfile
from pathlib import Path

import common
import numpy as np
from mmengine.registry import init_default_scope
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.functional import keypoint_mpjpe
from torch.utils.benchmark import Timer

from integral_mmpose import geometry
from integral_mmpose.datasets import CocoCheckedDataset
from integral_mmpose.evaluation import FiniteCocoMetric

OURS = 'ours'
PEOPLE_PER_IMAGE = 3


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


def people(images):
    """Annotations in COCO's form, and noisy detections with scores."""
    rng = np.random.default_rng(0)
    count = PEOPLE_PER_IMAGE * images
    joints = rng.uniform(0, 100, (count, 17, 2))
    joints += rng.uniform(0, 400, (count, 1, 2))
    noise = rng.normal(size=joints.shape) * rng.uniform(0, 9, (count, 1, 1))
    flags = np.full((count, 17, 1), 2)
    keypoints = np.concatenate([joints, flags], -1).reshape(count, -1)
    low, size = joints.min(1), np.ptp(joints, 1)
    annotations = [
        dict(
            id=n + 1,
            image_id=n // PEOPLE_PER_IMAGE + 1,
            category_id=1,
            iscrowd=0,
            area=float(0.5 * size[n].prod()),
            bbox=[*low[n].tolist(), *size[n].tolist()],
            num_keypoints=17,
            keypoints=keypoints[n].tolist(),
        )
        for n in range(count)
    ]
    content = dict(
        images=[dict(id=n + 1) for n in range(images)],
        annotations=annotations,
        categories=[dict(id=1, name='person')],
    )
    return content, joints + noise, rng.random((count, 17))


def coco(images, folder):
    content, joints, scores = people(images)
    path = Path(folder, f'{images}.json')
    path.write_text(json.dumps(content))
    results = [
        (
            dict(
                id=n,
                img_id=n // PEOPLE_PER_IMAGE + 1,
                category_id=1,
                keypoints=joints[n : n + 1],
                keypoint_scores=scores[n : n + 1],
                bbox_scores=scores[n, :1],
                areas=np.full(1, 5000.0),
            ),
            {},
        )
        for n in range(len(joints))
    ]
    meta = parse_pose_metainfo(CocoCheckedDataset.METAINFO)
    case = f'COCO AP of {len(joints):,} people, {images:,} images'
    rows, found = [], []
    for name, backend in (
        (OURS, 'faster_coco_eval'),
        ('xtcocotools, as MMPose', 'xtcocotools'),
    ):
        prefix = str(Path(folder, backend))
        metric = FiniteCocoMetric(
            ann_file=str(path),
            nms_mode='none',
            backend=backend,
            format_only=True,
            outfile_prefix=prefix,
        )
        metric.dataset_meta = meta
        metric.compute_metrics(results)  # writes the predictions only

        def evaluate(metric=metric, prefix=prefix):
            with contextlib.redirect_stdout(io.StringIO()):
                return metric._do_python_keypoint_eval(prefix)

        found.append(dict(evaluate())['AP'])
        timing = time_of(evaluate, 2)
        rows.append(
            row(
                case,
                name,
                timing,
                note=f'backend={backend!r}, AP {found[-1]:.6f}',
            )
        )
    if found[0] != found[1]:
        raise RuntimeError(f'the two back ends disagree: {found}')
    return rows


def run(quick: bool) -> list:
    """Measure; by numpy's and torch's threads as they are set."""
    init_default_scope('mmpose')
    scale = 10 if quick else 1
    rows = procrustes(100_000 // scale) + pck(100_000 // scale)
    with tempfile.TemporaryDirectory() as folder:
        return rows + coco(2000 // scale, folder)
