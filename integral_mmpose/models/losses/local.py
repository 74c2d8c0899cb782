"""Joint loss through the local integral, beside the loss of H1.

    L = |J_r - p*|_1 where |p_max - p*| <= r + 1/2 on every axis, else 0

with J_r the expectation over r cells around the maximum p_max
(``functional.local_integral``). The heat map loss finds the joint, this one
places it within its window: what the readout ``local_integral`` reads is what
is trained. A maximum elsewhere is the heat map loss's: its window does not
reach the joint, and would only be pulled to its own edge.

Reference: Sun et al., Integral Human Pose Regression, ECCV 2018, Eq. 2 and 4,
over a window (not in the paper).
"""

from mmpose.registry import MODELS
from torch import Tensor

from integral_mmpose import functional as F

from .joint import JointL1Loss


@MODELS.register_module()
class LocalJointL1Loss(JointL1Loss):
    """L1 of the joints that a local integral reads.

    A ``joint_loss`` of ``IntegralHead`` beside a ``heatmap_loss``, summed
    over joints and axes and divided by the batch size, as ``JointL1Loss``.
    The head then reads the joints through the same window.

    Args:
        radius (int): Cells to either side of the maximum. Defaults to 2.
        temperature (float): Divides the maps; 0.1 suits those of H1.
            Defaults to 0.1.
        loss_weight (float): Factor of the loss. Defaults to 1.

    Raises:
        ValueError: If the radius is negative or wider than the map, or the
            temperature is not positive.
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
