"""Keep the model's weights channels last: faster convolutions on CPU and GPU.

The convolutions then give channels-last activations by themselves; the input
needs no change. Nothing but speed differs.

mmengine wraps a distributed model before any hook runs, so that torch warns
once, in the first iteration, of gradients whose strides are not those of its
buckets; it builds the buckets anew after it.
"""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Move the model to the channels-last memory format before it runs."""

    def before_run(self, runner: Runner) -> None:
        """Convert the 4-D weights once."""
        runner.model.to(memory_format=torch.channels_last)
