"""CocoMetric that rejects predictions that are not finite."""

from typing import Sequence

from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS

from .finite import finite_keypoints


@METRICS.register_module()
class FiniteCocoMetric(CocoMetric):
    """MMPose's CocoMetric, after a check that every keypoint is finite.

    Arguments are those of ``CocoMetric``.
    """

    def process(self, data_batch: Sequence[dict],
                data_samples: Sequence[dict]) -> None:
        """Check, then collect a batch.

        Raises:
            ValueError: Naming the image of a prediction that is not finite.
        """
        for sample in data_samples:
            finite_keypoints(sample, 'CocoMetric')
        super().process(data_batch, data_samples)
