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
from torch import Tensor, nn


@MODELS.register_module()
class ChannelsLastPoseEstimator(TopdownPoseEstimator):
    """MMPose's ``TopdownPoseEstimator`` in the channels-last memory format.

    The arguments are those of ``TopdownPoseEstimator``. Checkpoints of the
    two classes are interchangeable.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.to(memory_format=torch.channels_last)
        for module in self.modules():
            if _writes_out_of_bounds(module):
                module.to(memory_format=torch.contiguous_format)
                module.register_forward_pre_hook(_contiguous)


def _writes_out_of_bounds(module: nn.Module) -> bool:
    """Whether its channels-last backward can crash on a CPU with AVX-512.

    That of oneDNN in torch 2.11 does so for strided 1x1 convolutions of fewer
    than 16 channels, as in a ResNet with base_channels=8: from 48 x 48 cells
    on, it ends in a segmentation fault or a corrupted heap.
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels < 16
    )


def _contiguous(module: nn.Module, inputs: tuple) -> Tensor:
    return inputs[0].contiguous()
