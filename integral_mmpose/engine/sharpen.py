"""Start an integral model from a heat map model without losing its answer.

The maps of H1 lie in [0, 1]: their softmax is almost flat, and its
expectation is the middle of the image, whatever was learned. The paper lets
the training sharpen it. A factor folded into the last layer once, at the
start, makes the expectation agree with the argmax from the first step.
"""

from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from .checkpoint_check import unwrapped


@HOOKS.register_module()
class SharpenHook(Hook):
    """Multiply the head's last layer by a factor when training starts.

    Only at iteration 0: a resumed run has its factor in its weights.

    Args:
        factor (float): For maps of peak 1 over N cells it must be well above
            log(N). Defaults to 30.
    """

    def __init__(self, factor: float = 30.0) -> None:
        if not factor > 0:
            raise ValueError(f'factor must be positive, got {factor}')
        self.factor = factor

    def before_train(self, runner) -> None:
        """Scale the last layer of the head, of each stage if it has more."""
        if runner.iter > 0:
            return
        if not runner._load_from:
            raise ValueError(
                'SharpenHook: no checkpoint was loaded. Set load_from to the '
                'heat map model, and start without --resume'
            )
        head = unwrapped(runner.model).head
        if not hasattr(head, 'sharpen'):
            raise ValueError(
                f'SharpenHook: {type(head).__name__} has no maps to '
                'multiply: use IntegralHead or IntegralMultiStageHead'
            )
        head.sharpen(self.factor)
        runner.logger.info(
            f'the last layer of the head was multiplied by {self.factor}'
        )
