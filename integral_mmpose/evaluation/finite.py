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


class CheckedSample(dict):
    """A data sample whose errors name the metric and the image.

    Attributes:
        name (str): What to call it in a message: its image, else its id.
        truth (dict): Its ``gt_instances``.
    """

    def __init__(self, data_sample: dict, metric: str) -> None:
        super().__init__(data_sample)
        self.name = str(self.get('img_path') or self.get('id', 'a sample'))
        self.start = f'{metric}: {self.name}'
        self.truth = self.get('gt_instances') or {}

    def error(self, problem: str) -> ValueError:
        """The error to raise about this sample."""
        return ValueError(f'{self.start}: {problem}')

    def predicted(self) -> np.ndarray:
        """Predicted keypoints (N, K, C); they and all scores are finite.

        Raises:
            ValueError: If there is no prediction, its axes are not
                (N, K, C), or a number is not finite or absurdly large.
        """
        found = self.get('pred_instances')
        if found is None or 'keypoints' not in found:
            raise self.error('no predicted keypoints')
        keypoints = as_float64(found['keypoints'], f'{self.start}: keypoints')
        what = f'{self.start}: the predicted keypoints'
        check_shape(keypoints, 'N K C', what)
        fix = (
            'The model has diverged: take an earlier checkpoint or a lower '
            'learning rate'
        )
        bad = ~(np.abs(keypoints) <= MAX_COORDINATE)
        if bad.any():
            joint = int(np.argwhere(bad)[0][1])
            raise self.error(
                f'the predicted joint {joint} is not finite or above '
                f'{MAX_COORDINATE:.0e}. {fix}'
            )
        for name in SCORES:
            if name in found:
                self._require_finite(found[name], name, fix)
        # Of the detector, or of the file of boxes.
        if self.truth.get('bbox_scores') is not None:
            self._require_finite(
                self.truth['bbox_scores'],
                'bbox_scores of the ground truth',
                'Correct the score of this box',
            )
        return keypoints

    def _require_finite(self, value, what: str, fix: str) -> None:
        if not np.isfinite(as_float64(value, f'{self.start}: {what}')).all():
            raise self.error(f'{what} are not finite. {fix}')

    def required(self, field: str):
        """A ground-truth field, of ``gt_instances`` or the metainfo.

        Raises:
            ValueError: If it is missing.
        """
        if field in self.truth:
            return self.truth[field]
        if self.get(field) is not None:
            return self[field]
        raise self.error(
            f'the field {field!r} is missing. Take a dataset that has it, and '
            'list it in meta_keys of PackPoseInputs'
        )

    def truth_array(
        self, field: str, shape: str, positive: bool = False, value=None
    ) -> np.ndarray:
        """A ground-truth field, or its ``value``, as finite float64.

        The shape is a pattern of :func:`check_shape`.

        Raises:
            ValueError: If the field is missing, of another shape, not finite
                or above 1e9, or not ``positive``.
        """
        start = f'{self.start}: {field}'
        value = self.required(field) if value is None else value
        numbers = as_float64(value, start)
        check_shape(numbers, shape, start)
        if not (np.abs(numbers) <= MAX_COORDINATE).all():
            raise self.error(
                f'{field} holds numbers that are not finite or above '
                f'{MAX_COORDINATE:.0e}. Correct the annotation of this image'
            )
        if positive and not (numbers > 0).all():
            got = numbers.tolist()
            raise self.error(f'{field} must be positive, got {got}')
        return numbers


def refuse_twice(keys: Sequence, metric: str) -> None:
    """A person that counts twice would shift every mean.

    Keys are (image, id) of every sample, after mmengine has cut off the
    padding of a distributed sampler. Without ids (None), people of an image
    cannot be told apart.

    Raises:
        ValueError: Naming the image.
    """
    keys = [key for key in keys if key[1] is not None]
    if not keys:
        return
    (image, id_), times = Counter(keys).most_common(1)[0]
    if times > 1:
        raise ValueError(
            f'{metric}: {image}: id {id_} was evaluated {times} times. Take a '
            'sampler that gives everyone once (DefaultSampler), and '
            'annotations with distinct ids'
        )


def as_float64(value, start: str) -> np.ndarray:
    """As float64; complex numbers and text are none."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in 'biuf':
            return array.astype(np.float64)
    except (TypeError, ValueError):  # lists of several lengths
        pass
    raise ValueError(f'{start}: must hold numbers, got {value!r:.60}')
