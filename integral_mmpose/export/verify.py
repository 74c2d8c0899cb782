"""Compare an exported file with its model, and measure its speed."""

import time
from statistics import median
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmpose.structures import PoseDataSample
from torch import nn

from integral_mmpose.geometry import check_finite
from integral_mmpose.inference.metadata import PoseMetadata

from .pose_graph import PoseGraph

#: Crops (N, 3, H, W) float32 -> keypoints (N, K, C), scores (N, K) and, where
#: the maps are probabilities, standard deviations (N, K, C).
Run = Callable[[np.ndarray], Tuple[np.ndarray, ...]]
OUTPUTS = ('keypoints', 'keypoint scores', 'standard deviations')
#: Batch sizes of a comparison, all different from the traced one.
BATCHES = (1, 3, 8)
#: In half precision an argmax may find another cell of noise.
MOST = 0.98


class Difference(NamedTuple):
    """Largest differences between two runs, and their means.

    In half precision an argmax can jump: then the largest difference is a
    whole cell, and the mean says how rare that is. ``fraction`` is the larger
    of px over the longer side of the input and mm over the depth range.
    ``most`` is the bound of 49 of 50 joints. ``usual`` is the median over the
    crops of the worst joint, its score included: a wrong joint is wrong in
    most crops. ``std`` is the ``fraction`` of the standard deviations.
    """

    px: float
    mm: Optional[float]  #: None in 2D
    score: float
    fraction: float
    most: float
    usual: float
    mean_px: float
    mean_mm: Optional[float]  #: None in 2D
    std: Optional[float]  #: None where there are none


def run_module(module: nn.Module) -> Run:
    """Wrap a module as a function of arrays, without gradients."""

    def run(crops: np.ndarray) -> Tuple[np.ndarray, ...]:
        with torch.no_grad():
            outputs = module(torch.from_numpy(crops))
        return tuple(output.numpy() for output in outputs)

    return run


def run_model(model: nn.Module) -> Run:
    """Wrap a model's own prediction, without flip test, as a function.

    Unlike :class:`PoseGraph`, it uses MMPose's data preprocessor, data samples
    and the head's ``predict``. The standard deviations are the graph's.
    """
    graph = run_module(PoseGraph(model))

    def run(crops: np.ndarray) -> Tuple[np.ndarray, ...]:
        samples = [
            PoseDataSample(metainfo=dict(input_size=crop.shape[:0:-1]))
            for crop in crops
        ]
        data = model.data_preprocessor(
            dict(inputs=list(torch.from_numpy(crops)), data_samples=samples)
        )
        with torch.no_grad():
            features = model.extract_feat(data['inputs'])
            found = model.head.predict(features, samples, {})
        return (
            np.concatenate([person.keypoints for person in found]),
            np.concatenate([person.keypoint_scores for person in found]),
            *graph(crops)[2:],
        )

    return run


def compare(
    expected: Run,
    actual: Run,
    crops: np.ndarray,
    metadata: PoseMetadata,
    batches: Sequence[int] = BATCHES,
) -> Difference:
    """Compare two runs on crops, in batches of changing size.

    Args:
        expected (callable): The model, see :data:`Run`.
        actual (callable): The exported file.
        crops (np.ndarray): (N, 3, H, W) float32, BGR, 0 to 255.
        metadata (PoseMetadata): Of the file.
        batches (Sequence[int]): Sizes of the batches, taken in turn.

    Returns:
        Difference: Over all crops.

    Raises:
        ValueError: If shapes differ or a number is not finite: a comparison
            with NaN would be silent.
    """
    parts = []
    ends = np.cumsum(np.resize(batches, len(crops)))
    for part in np.split(crops, ends[ends < len(crops)]):
        wanted, found = expected(part), actual(part)
        shapes = [[array.shape for array in run] for run in (wanted, found)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f'{", ".join(OUTPUTS)}: the model gives the shapes '
                f'{shapes[0]} and the file {shapes[1]}'
            )
        parts.append([a - b for a, b in zip(wanted, found)])
    gaps = [np.abs(np.concatenate(part)) for part in zip(*parts)]
    for gap, name in zip(gaps, OUTPUTS):
        check_finite(gap, f'difference of {name}')
    keypoints, score, *std = gaps
    px, depth = keypoints[..., :2], keypoints[..., 2:]
    fractions = _fractions(keypoints, metadata)
    return Difference(
        px=float(px.max()),
        mm=float(depth.max()) if depth.size else None,
        score=float(score.max()),
        fraction=float(fractions.max()),
        most=float(np.quantile(fractions, MOST, method='higher')),
        usual=float(np.median(np.maximum(fractions, score), 0).max()),
        mean_px=float(px.mean()),
        mean_mm=float(depth.mean()) if depth.size else None,
        std=float(_fractions(std[0], metadata).max()) if std else None,
    )


def milliseconds(
    runs: Sequence[Run], crops: np.ndarray, repeats: int = 15
) -> List[float]:
    """Measure the median time of each run on one batch, in turns.

    Args:
        runs (Sequence[callable]): What to time, see :data:`Run`.
        crops (np.ndarray): (N, 3, H, W), all as one batch.
        repeats (int): Number of turns, after one to warm up.

    Returns:
        list[float]: Milliseconds for the batch, one for each run.
    """
    times = [[] for _ in runs]
    for _ in range(repeats + 1):
        for run, taken in zip(runs, times):
            start = time.perf_counter()
            run(crops)
            taken.append(1000 * (time.perf_counter() - start))
    return [median(taken[1:]) for taken in times]


def _fractions(lengths: np.ndarray, metadata: PoseMetadata) -> np.ndarray:
    """(…, 2 or 3) px and mm -> (…) of the input size or the depth range."""
    fractions = lengths[..., :2].max(-1) / max(metadata.input_size)
    if lengths.shape[-1] == 3:
        depth = lengths[..., 2] / metadata.depth_range_mm
        fractions = np.maximum(fractions, depth)
    return fractions
