"""CocoMetric that rejects predictions that are not finite."""

from typing import Sequence

from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS

from .finite import finite_keypoints, name_of, required


@METRICS.register_module()
class FiniteCocoMetric(CocoMetric):
    """MMPose's CocoMetric, after a check that every keypoint is finite.

    Arguments are those of ``CocoMetric``.
    """

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Check, then collect a batch.

        Raises:
            ValueError: Naming the image of a prediction that is not finite,
                not 2D or without scores, or that lacks a field.
        """
        for sample in data_samples:
            keypoints = finite_keypoints(sample, 'CocoMetric')
            start = f'CocoMetric: {name_of(sample)}'
            if keypoints.shape[-1] != 2:
                raise ValueError(
                    f'{start}: needs 2D keypoints (N, K, 2), got '
                    f'{keypoints.shape}. Evaluate a 2D model'
                )
            if 'keypoint_scores' not in sample['pred_instances']:
                raise ValueError(
                    f"{start}: the field 'keypoint_scores' of "
                    'the prediction is missing'
                )
            for field in ('id', 'img_id', 'gt_instances'):
                required(sample, field, 'CocoMetric')
        super().process(data_batch, data_samples)
