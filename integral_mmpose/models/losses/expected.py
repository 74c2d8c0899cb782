"""Expected joint error: the mean error of a joint drawn from the heat map.

    L = sum_axis E_{i ~ V}|i / n - p*| = sum_axis sum_i V(i) |i / n - p*|

over the heat vectors V of Eq. 5. The joint loss of the paper, |E[p] - p*|, is
0 for every map whose mean is right, be it flat or of two modes; this one is
its upper bound (Jensen) and 0 only where the map is the joint's cell. The L1
norm is a sum over axes, so that the vectors give the expectation over the
whole volume exactly, and 2D samples train x and y of it.

Reference: Li et al., Localization with Sampling-Argmax, NeurIPS 2021, in its
exact form: they draw samples, because they also train other norms.
"""

import torch
from mmpose.registry import MODELS
from torch import Tensor

from integral_mmpose.functional import marginals, vector_expected_error

from .joint import JointLoss


@MODELS.register_module()
class ExpectedErrorLoss(JointLoss):
    """Expected L1 error of the joints under their heat vectors.

    A ``joint_loss`` of ``IntegralHead``, summed over joints and axes and
    divided by the batch size, as ``JointL1Loss``: their numbers compare.
    """

    #: It takes the maps, and not their expectation.
    takes_logits = True

    def errors(self, pred: Tensor, labels: Tensor) -> Tensor:
        """(B, K, C) errors of logits (B, K, [D,] H, W)."""
        vectors = [v for v in marginals(pred) if v is not None]
        return torch.stack(
            [
                vector_expected_error(vector, labels[..., axis])
                for axis, vector in enumerate(vectors)
            ],
            -1,
        )
