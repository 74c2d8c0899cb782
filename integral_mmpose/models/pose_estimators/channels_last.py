"""A top-down model whose weights are channels last: faster convolutions.

The convolutions then give channels-last activations by themselves, on CPU and
GPU; the input needs no change. Nothing but speed differs.

The model converts itself, because the weights must have their final strides
before a wrapper sees them: the reducer of DistributedDataParallel lays out its
buckets by the strides at the time of wrapping. Weights that are converted
later receive the all-reduced gradients of the first iteration in the wrong
element order.
"""

import torch
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS


@MODELS.register_module()
class ChannelsLastPoseEstimator(TopdownPoseEstimator):
    """MMPose's ``TopdownPoseEstimator`` in the channels-last memory format.

    The arguments are those of ``TopdownPoseEstimator``. Checkpoints of the
    two classes are interchangeable.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.to(memory_format=torch.channels_last)
