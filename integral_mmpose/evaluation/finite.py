"""No metric scores a prediction that is not finite.

pycocotools gives AP 1.000 to predictions that are all NaN, and a NaN distance
counts as a miss: both hide a broken model. The same holds for a ground truth
that is not finite: no metric goes on without naming image and field.
"""

from collections import Counter
from typing import Sequence

import numpy as np

from integral_mmpose.geometry import check_shape

#: What a model gives besides the keypoints; NMS and rescoring read it.
SCORES = ('keypoint_scores', 'bbox_scores')
#: Squares of what is larger overflow; no pixel and no mm is.
MAX_COORDINATE = 1e9


def finite_keypoints(data_sample: dict, metric: str) -> np.ndarray:
    """Predicted keypoints of a sample; they and their scores are finite.

    The name of the metric is for the message, here and below.

    Returns:
        np.ndarray: (N, K, C) float64.

    Raises:
        ValueError: If there is no prediction, its axes are not (N, K, C), or
            a number is not finite or absurdly large.
    """
    start = f'{metric}: {name_of(data_sample)}'
    found = data_sample.get('pred_instances')
    if found is None or 'keypoints' not in found:
        raise ValueError(f'{start}: no predicted keypoints')
    keypoints = as_numbers(found['keypoints'], f'{start}: keypoints')
    check_shape(keypoints, 'N K C', f'{start}: the predicted keypoints')
    fix = (
        'The model has diverged: take an earlier checkpoint or a lower '
        'learning rate'
    )
    bad = ~(np.abs(keypoints) <= MAX_COORDINATE)
    if bad.any():
        joint = int(np.argwhere(bad)[0][1])
        raise ValueError(
            f'{start}: the predicted joint {joint} is not finite or above '
            f'{MAX_COORDINATE:.0e}. {fix}'
        )
    for name in SCORES:
        if name not in found:
            continue
        if not np.isfinite(as_numbers(found[name], f'{start}: {name}')).all():
            raise ValueError(f'{start}: {name} are not finite. {fix}')
    # Of the detector, or of the file of boxes.
    boxes = (data_sample.get('gt_instances') or {}).get('bbox_scores')
    scores = f'{start}: bbox_scores of the ground truth'
    if boxes is not None and not np.isfinite(as_numbers(boxes, scores)).all():
        raise ValueError(
            f'{scores} are not finite. Correct the score of this box'
        )
    return keypoints


def refuse_twice(keys: Sequence, metric: str) -> None:
    """A person that counts twice would shift every mean.

    Keys are (image, id) of every sample, after mmengine has cut off the
    padding of a distributed sampler.

    Raises:
        ValueError: Naming the image.
    """
    if not keys:
        return
    (image, id_), times = Counter(keys).most_common(1)[0]
    if times > 1:
        raise ValueError(
            f'{metric}: {image}: id {id_} was evaluated {times} times. Take a '
            'sampler that gives everyone once (DefaultSampler), and '
            'annotations with distinct ids'
        )


def required(data_sample: dict, field: str, metric: str):
    """A ground-truth field of a sample, of ``gt_instances`` or metainfo.

    Raises:
        ValueError: Naming metric, image and field if it is missing.
    """
    truth = data_sample.get('gt_instances') or {}
    if field in truth:
        return truth[field]
    if data_sample.get(field) is not None:
        return data_sample[field]
    raise ValueError(
        f'{metric}: {name_of(data_sample)}: the field {field!r} is missing. '
        'Take a dataset that has it, and list it in meta_keys of '
        'PackPoseInputs'
    )


def required_numbers(
    data_sample: dict,
    field: str,
    metric: str,
    shape: str,
    positive: bool = False,
) -> np.ndarray:
    """A ground-truth field as finite float64 of a known shape.

    The shape is a pattern of :func:`check_shape`; ``positive`` numbers are
    above 0.

    Raises:
        ValueError: If the field is missing, of another shape, not finite or
            above 1e9, or not positive.
    """
    start = f'{metric}: {name_of(data_sample)}: {field}'
    value = required(data_sample, field, metric)
    return finite_numbers(value, start, shape, positive)


def finite_numbers(
    value, start: str, shape: str, positive: bool = False
) -> np.ndarray:
    """A value as :func:`required_numbers`; ``start`` is of the message."""
    numbers = as_numbers(value, start)
    check_shape(numbers, shape, start)
    if not (np.abs(numbers) <= MAX_COORDINATE).all():
        raise ValueError(
            f'{start} holds numbers that are not finite or above '
            f'{MAX_COORDINATE:.0e}. Correct the annotation of this image'
        )
    if positive and not (numbers > 0).all():
        raise ValueError(f'{start} must be positive, got {numbers.tolist()}')
    return numbers


def as_numbers(value, start: str) -> np.ndarray:
    """As float64; complex numbers and text are none."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in 'biuf':
            return array.astype(np.float64)
    except (TypeError, ValueError):  # lists of several lengths
        pass
    raise ValueError(f'{start}: must hold numbers, got {value!r:.60}')


def name_of(data_sample: dict) -> str:
    """What to call a sample in a message: its image, else its id."""
    name = data_sample.get('img_path') or data_sample.get('id', 'a sample')
    return str(name)
