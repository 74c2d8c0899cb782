"""Losses on joint coordinates: L1 (the paper's), L2, expected and local."""

import torch
from mmpose.registry import MODELS
from torch import Tensor

from integral_mmpose import functional as F

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
        labels = F.mask_coordinates(labels, weights)
        errors = self.errors(pred, labels)
        return self.loss_weight * F.sum_over_count(errors, weights, len(pred))


@MODELS.register_module()
class JointL1Loss(JointLoss):
    """L1 on the joints: the integral loss of the paper."""

    errors = staticmethod(F.joint_l1)


@MODELS.register_module()
class JointL2Loss(JointLoss):
    """L2 on the joints; the paper found it worse than L1."""

    errors = staticmethod(F.joint_l2)


@MODELS.register_module()
class ExpectedErrorLoss(JointLoss):
    """Expected L1 error of a joint that is drawn from the heat map.

    With the heat vectors V of Eq. 5::

        L = sum_axis E_{i ~ V}|i / n - p*| = sum_axis sum_i V(i) |i / n - p*|

    The joint loss of the paper, ``|E[p] - p*|``, is 0 for every map whose
    mean is right, be it flat or of two modes; this one is its upper bound
    (Jensen) and 0 only where the map is the joint's cell. The L1 norm is a
    sum over axes, so that the vectors give the expectation over the whole
    volume exactly, and 2D samples train x and y of it. Its numbers compare
    with those of ``JointL1Loss``.

    Start it from sharp maps (``SharpenHook``): from an almost flat softmax
    every map becomes one bin, whose gradient is 0.

    Reference: Li et al., Localization with Sampling-Argmax, NeurIPS 2021, in
    its exact form: they draw samples, because they also train other norms.
    """

    takes_logits = True

    def errors(self, pred, labels):
        errors = [
            F.vector_expected_error(vector, labels[..., axis])
            for axis, vector in enumerate(F.marginals(pred).axes())
        ]
        return torch.stack(errors, -1)


@MODELS.register_module()
class LocalJointL1Loss(JointL1Loss):
    """L1 of the joints that a local integral reads, beside the loss of H1.

    ::

        L = |J_r - p*|_1 where |p_max - p*| <= r + 1/2 on every axis, else 0

    with J_r the expectation over r cells around the maximum p_max
    (``functional.local_integral``). The heat map loss finds the joint, this
    one places it within its window: what the readout ``local_integral`` reads
    is what is trained, and the head reads through the same window. If the
    maximum is further away, its window does not reach the joint, and only the
    heat map loss acts.

    Args:
        radius (int): Cells to either side of the maximum. Defaults to 2.
        temperature (float): Divides the maps; 0.1 suits those of H1.
            Defaults to 0.1.
        loss_weight (float): Factor of the loss. Defaults to 1.

    Raises:
        ValueError: If the radius is negative or wider than the map, or the
            temperature is not positive.

    Reference: Sun et al., Integral Human Pose Regression, ECCV 2018, Eq. 2
    and 4, over a window (not in the paper).
    """

    takes_logits = needs_heatmap_loss = True

    def __init__(
        self,
        radius: int = 2,
        temperature: float = 0.1,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(loss_weight)
        F.check_window(radius, temperature)
        self.radius, self.temperature = radius, temperature

    def forward(self, pred: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """Compute the loss of maps (B, K, [D,] H, W), a scalar."""
        sizes = F.map_sizes(pred)
        truth = F.norm_to_bins(F.mask_coordinates(labels, weights), sizes)
        missed = (F.argmax(pred) - truth).abs() > self.radius + 0.5
        missed = (missed & (weights > 0)).any(-1, keepdim=True)
        bins = F.local_integral(pred, self.radius, self.temperature)
        return super().forward(
            F.bins_to_norm(bins, sizes), labels, weights * ~missed
        )
