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
from mmengine.model import is_model_wrapper
from mmpose.registry import HOOKS


@HOOKS.register_module()
class DecayPriorHook(Hook):
    """Lower the weight of the head's heat map loss to 0, epoch by epoch.

    The weight follows from the epoch alone: a resumed run has the same.

    Args:
        epochs (int): T, the first epoch (from 0) without the heat map loss.

    Raises:
        ValueError: If ``epochs`` is not a positive whole number.
    """

    def __init__(self, epochs: int) -> None:
        if not isinstance(epochs, int) or epochs < 1:
            raise ValueError(
                f'DecayPriorHook: epochs must be a positive whole number, got '
                f'{epochs!r}'
            )
        self.epochs = epochs

    def before_train(self, runner) -> None:
        """Keep the weight of the config.

        Raises:
            ValueError: If the head has no heat map loss, or no joint loss
                that is left when it has faded.
        """
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        self.loss = getattr(model.head, 'heatmap_loss', None)
        if not self.loss or not getattr(model.head, 'joint_loss', None):
            raise ValueError(
                'DecayPriorHook needs an IntegralHead with heatmap_loss and '
                'joint_loss: nothing would train it after epoch '
                f'{self.epochs}'
            )
        self.weight = self.loss.loss_weight

    def before_train_epoch(self, runner) -> None:
        """Set the weight of this epoch."""
        left = max(1 - runner.epoch / self.epochs, 0)
        self.loss.loss_weight = self.weight * left
