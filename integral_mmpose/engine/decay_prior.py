"""A heat map loss that guides the start of an integral training, and fades.

    L(t) = L_joint + w(t) * L_map, w(t) = w * max(1 - t / T, 0)

at epoch t. The gradient of an expectation alone says in which direction a map
has to move, and not where its peak has to be: training from scratch is slow
at the start. A spatial prior (a Gaussian around the joint) speeds it up; at
the end the joint loss decides alone.

Reference: Gu et al., Dive Deeper into Integral Pose Regression, ICLR 2022,
and Bias-Compensated Integral Regression, TPAMI 2023.
"""

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS

from .checkpoint_check import unwrapped


@HOOKS.register_module()
class DecayPriorHook(Hook):
    """Lower the weight of the head's heat map loss to 0, epoch by epoch.

    The weight follows from the epoch alone: a resumed run has the same.

    Args:
        fraction (float): T as a fraction of all epochs. Defaults to 0.5.

    Raises:
        ValueError: If ``fraction`` is not in (0, 1].
    """

    def __init__(self, fraction: float = 0.5) -> None:
        if not 0 < fraction <= 1:
            raise ValueError(
                f'DecayPriorHook: fraction must lie in (0, 1], got {fraction}'
            )
        self.fraction = fraction

    def before_train(self, runner) -> None:
        """Keep the weight of the config.

        Raises:
            ValueError: If the loop counts iterations, or the head has no heat
                map loss, or no joint loss that is left when it has faded.
        """
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ValueError(
                'DecayPriorHook counts epochs: train_cfg must have '
                'by_epoch=True'
            )
        head = unwrapped(runner.model).head
        self.loss = getattr(head, 'heatmap_loss', None)
        if not self.loss or not getattr(head, 'joint_loss', None):
            raise ValueError(
                'DecayPriorHook needs an IntegralHead with heatmap_loss and '
                'joint_loss: when the prior has faded, only the latter '
                'trains it'
            )
        self.weight = self.loss.loss_weight

    def before_train_epoch(self, runner) -> None:
        """Set the weight of this epoch."""
        end = self.fraction * runner.max_epochs
        left = max(1 - runner.epoch / end, 0)
        self.loss.loss_weight = self.weight * left
