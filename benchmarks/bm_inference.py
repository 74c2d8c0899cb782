"""What the inferencer adds to the network, and what batches of people save.

The network's own time is that of the backbone and the head, softmax, integral
and codec included. The rest is overhead: reading JPEG files of 640 x 480 px,
cropping, collating, normalising, poses in image px and mm, plain dicts;
there is no detector, boxes are given, nothing is drawn. The two are timed in
the same run. Weights are random: they do not change the times.

The share of the network is that of ONNX Runtime with the bundled model, in
the thread that waits for it: images are read and cut in another one. It is
told in CPU time, which a busy machine does not change, and in time.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Tuple

import common
import cv2
import numpy as np
import torch

from integral_mmpose.apis import (
    IntegralPoseInferencer,
    TopdownPoseModel,
    load_pose_model,
)
from integral_mmpose.inference import PoseInferencer
from reproduction.plan import scaled

CONFIG = 'istar_res50_4xb32-140e_h36m-256x256'
#: Name in the table -> scale of the reproduction.
MODELS = {
    'quarter ResNet-18, 64 px, 3D': 'small',
    'ResNet-50, 256 px, 3D': 'paper',
}
BATCH_SIZE = 8
BOXES = np.array([[60, 40, 260, 460], [330, 60, 560, 470]], np.float32)


def write_images(folder: Path, count: int) -> List[str]:
    """Smooth noise as JPEG files, about as large as photographs."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        noise = rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)
        paths.append(str(folder / f'{number}.jpg'))
        cv2.imwrite(paths[-1], cv2.resize(noise, (640, 480)))
    return paths


def clocked(model) -> Dict[str, float]:
    """Make a model add up the seconds that the network itself takes."""
    spent = dict(seconds=0.0)
    for owner, name in ((model, 'extract_feat'), (model.head, 'predict')):
        inner = getattr(owner, name)

        def timed(*args, inner=inner, **kwargs):
            start = time.perf_counter()
            result = inner(*args, **kwargs)
            spent['seconds'] += time.perf_counter() - start
            return result

        setattr(owner, name, timed)
    return spent


def one_pass(inferencer, spent, paths, batch_size) -> Tuple[float, float]:
    """Seconds of a pass over the images, and of the network in it."""
    spent['seconds'] = 0.0
    start = time.perf_counter()
    for _ in inferencer(paths, batch_size, boxes=BOXES):
        pass
    return time.perf_counter() - start, spent['seconds']


def measure(scale: str, paths: List[str], rounds: int) -> Dict[int, list]:
    """Passes at both batch sizes in turns: (total, network) seconds each."""
    model = load_pose_model(scaled(CONFIG, 'h36m', scale), None)
    spent = clocked(model)
    inferencer = IntegralPoseInferencer(TopdownPoseModel(model))
    times: Dict[int, list] = {1: [], BATCH_SIZE: []}
    for number in range(rounds + 1):
        for batch_size, passes in times.items():
            passed = one_pass(inferencer, spent, paths, batch_size)
            if number:  # the first round warms up
                passes.append(passed)
    return times


def spread(values: List[float]) -> Tuple[float, float]:
    """Median and interquartile range."""
    low, middle, high = statistics.quantiles(values, n=4, method='inclusive')
    return middle, high - low


def rows_of(name: str, times: Dict[int, list], people: int) -> List[dict]:
    """Rows of one model: its times, the overhead and the ratio."""
    rows = []
    for batch_size, formulation in ((BATCH_SIZE, 'ours'), (1, 'one by one')):
        median, iqr = spread([1e3 * t / people for t, _ in times[batch_size]])
        rows.append(
            common.figure(
                f'a person, {name}',
                formulation,
                median,
                'ms',
                iqr=iqr,
                target='>= 1.5x one by one' if not rows else '',
                note=f'batch {batch_size}',
            )
        )
    ratio = rows[1]['median'] / rows[0]['median']
    rows[0].update(reached=ratio >= 1.5)
    rows[0]['note'] += f', {ratio:.2f} times faster than one by one'
    extra, iqr = spread([1e3 * (t - n) / people for t, n in times[BATCH_SIZE]])
    share, _ = spread([(t - n) / n for t, n in times[BATCH_SIZE]])
    rows.append(
        common.figure(
            f'overhead of a person, {name}',
            'ours',
            extra,
            'ms',
            iqr=iqr,
            target='< 10 % of the network at batch 8',
            reached=share < 0.1,
            note=f'{100 * share:.1f} % of the network',
        )
    )
    return rows


class ClockedSession:
    """A session of ONNX Runtime that adds up what its calls take.

    ``spent`` is (2,) seconds: CPU time of the calling thread, and time.
    """

    def __init__(self, session) -> None:
        self.session, self.spent = session, np.zeros(2)

    def run(self, *args):
        start = both_clocks()
        result = self.session.run(*args)
        self.spent += both_clocks() - start
        return result


def both_clocks() -> np.ndarray:
    """CPU time of this thread and time, seconds."""
    return np.array([time.thread_time(), time.perf_counter()])


def shares(paths: List[str], rounds: int) -> np.ndarray:
    """(rounds, 2) parts of the network: of the CPU time, of the time."""
    infer = PoseInferencer(threads=1)  # all of its work in this thread
    infer.model.session = session = ClockedSession(infer.model.session)
    found = []
    for _ in range(rounds + 1):  # the first one warms up
        session.spent[:] = 0
        start = both_clocks()
        for _ in infer.stream(paths, boxes=BOXES, batch_size=BATCH_SIZE):
            pass
        found.append(session.spent / (both_clocks() - start))
    return np.array(found[1:])


def share_row(paths: List[str], rounds: int) -> dict:
    """The row of the network's share in ONNX Runtime."""
    found = 100 * shares(paths, rounds)
    median, iqr = spread(found[:, 0].tolist())
    return common.figure(
        'share of the network, bundled model, ONNX Runtime',
        'ours',
        median,
        '%',
        iqr=iqr,
        target='>= 85 % at batch 8',
        reached=median >= 85,
        note=f'CPU time; of the time {np.median(found[:, 1]):.1f} %',
    )


def run(quick: bool) -> List[dict]:
    """Rows of all models, on two cores."""
    torch.set_num_threads(2)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = write_images(Path(folder), 8 if quick else 32)
        for name, scale in MODELS.items():
            times = measure(scale, paths, 3 if quick else 9)
            rows += rows_of(name, times, len(BOXES) * len(paths))
        rows.append(share_row(paths, 3 if quick else 9))
    return rows
