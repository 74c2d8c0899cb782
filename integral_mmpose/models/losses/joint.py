"""Losses on joint coordinates: L1 (the paper's) and L2."""

from mmpose.registry import MODELS
from torch import Tensor

from integral_mmpose.functional import (
    joint_l1,
    joint_l2,
    mask_coordinates,
    masked_mean,
)

from .base import Loss


class JointLoss(Loss):
    """Summed over joints and axes, divided by the batch size."""

    #: Whether ``pred`` is the logits, and not their expectation.
    takes_logits = False
    #: Whether it leaves it to a heat map loss to find the joint.
    needs_heatmap_loss = False

    def forward(self, pred: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            pred (Tensor): (B, K, C) normalised coordinates.
            labels (Tensor): (B, K, C) normalised.
            weights (Tensor): (B, K, C); an axis of weight 0 has no gradient.

        Returns:
            Tensor: Scalar.
        """
        labels = mask_coordinates(labels, weights)
        errors = self.errors(pred, labels)
        return self.loss_weight * masked_mean(errors, weights, len(pred))


@MODELS.register_module()
class JointL1Loss(JointLoss):
    """L1 on the joints: the integral loss of the paper."""

    def errors(self, pred, labels):
        return joint_l1(pred, labels)


@MODELS.register_module()
class JointL2Loss(JointLoss):
    """L2 on the joints; the paper found it worse than L1."""

    def errors(self, pred, labels):
        return joint_l2(pred, labels)
