"""How far an exported file is from the model it was made of, and how fast."""

import time
from statistics import median
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmpose.structures import PoseDataSample
from torch import nn

from integral_mmpose.geometry import check_finite
from integral_mmpose.inference.metadata import PoseMetadata

#: Crops (N, 3, H, W) float32 -> keypoints (N, K, C) and scores (N, K).
Run = Callable[[np.ndarray], Tuple[np.ndarray, np.ndarray]]
#: Sizes of the batches of a comparison: none is the size that was traced.
BATCHES = (1, 3, 8)
#: In half precision an argmax may find another cell of noise.
MOST = 0.98


class Difference(NamedTuple):
    """Largest differences between two runs, and their means.

    Where half precision makes an argmax jump, the largest is a whole cell and
    the mean says how rare that is. ``fraction`` is the larger one of px over
    the longer side of the input and of mm over the depth range; 49 of 50
    joints are within ``most``, and in half of the crops every joint and its
    score are within ``usual``: a joint that is wrong is wrong in most crops.
    """

    px: float
    mm: Optional[float]  #: None in 2D
    score: float
    fraction: float
    most: float
    usual: float
    mean_px: float
    mean_mm: Optional[float]  #: None in 2D


def run_module(module: nn.Module) -> Run:
    """A module of crops as a function of arrays, without gradients."""

    def run(crops: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            keypoints, scores, *_ = module(torch.from_numpy(crops))
        return keypoints.numpy(), scores.numpy()

    return run


def run_model(model: nn.Module) -> Run:
    """A model's own prediction, without its flip test, as a function.

    Unlike :class:`PoseGraph` it goes through MMPose's data preprocessor, data
    samples and the head's ``predict``.

    Args:
        model (nn.Module): From ``mmpose.apis.init_model``.
    """

    def run(crops: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
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
        )

    return run


def compare(
    expected: Run,
    actual: Run,
    crops: np.ndarray,
    metadata: PoseMetadata,
    batches: Sequence[int] = BATCHES,
) -> Difference:
    """Run both on the crops, in batches of changing size.

    Args:
        expected (callable): The model, see :data:`Run`.
        actual (callable): What was exported from it.
        crops (np.ndarray): (N, 3, H, W) float32, BGR, 0 to 255.
        metadata (PoseMetadata): Of the file.
        batches (Sequence[int]): Sizes of the batches, taken in turn.

    Returns:
        Difference: Over all crops.

    Raises:
        ValueError: If shapes differ or a number is not finite: a comparison
            with NaN would be silent.
    """
    keypoints, scores = [], []
    for part in _cut(crops, batches):
        wanted, found = expected(part), actual(part)[:2]
        for a, b, name in zip(wanted, found, ('keypoints', 'scores')):
            if a.shape != b.shape:
                raise ValueError(
                    f'{name}: the model gives the shape {a.shape} and the '
                    f'file {b.shape} for a batch of {len(part)}'
                )
        keypoints.append(wanted[0] - found[0])
        scores.append(wanted[1] - found[1])
    keypoints = _absolute(keypoints, 'keypoints')
    px, depth = keypoints[..., :2], keypoints[..., 2:]
    fractions = px.max(-1) / max(metadata.input_size)
    mm = mean_mm = None
    if metadata.depth_range_mm is not None:
        mm, mean_mm = float(depth.max()), float(depth.mean())
        fractions = np.maximum(
            fractions, depth[..., 0] / metadata.depth_range_mm
        )
    score = _absolute(scores, 'keypoint scores')
    return Difference(
        px=float(px.max()),
        mm=mm,
        score=float(score.max()),
        fraction=float(fractions.max()),
        most=float(np.quantile(fractions, MOST, method='higher')),
        usual=float(np.median(np.maximum(fractions, score), 0).max()),
        mean_px=float(px.mean()),
        mean_mm=mean_mm,
    )


def milliseconds(
    runs: Sequence[Run], crops: np.ndarray, repeats: int = 15
) -> List[float]:
    """Median time of each run on one batch, taken in turns.

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


def _cut(crops: np.ndarray, sizes: Sequence[int]) -> List[np.ndarray]:
    parts, start = [], 0
    while start < len(crops):
        size = sizes[len(parts) % len(sizes)]
        parts.append(crops[start : start + size])
        start += size
    return parts


def _absolute(differences: List[np.ndarray], what: str) -> np.ndarray:
    result = np.abs(np.concatenate(differences))
    check_finite(result, f'difference of {what}')
    return result
