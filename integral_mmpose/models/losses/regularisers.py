"""Jensen-Shannon regularisers of maps and heat vectors.

Beside a joint loss, as ``heatmap_loss`` of ``IntegralHead``: the joint
variant of the paper with another heat map loss. The equation and its source
are in ``functional/divergence.py``.
"""

from mmpose.registry import MODELS

from integral_mmpose.functional import (
    at_least_float32,
    jensen_shannon,
    log_gaussian_map,
    log_gaussian_vector,
    log_marginals,
    map_sizes,
)

from .heatmap import MarginalLoss, VolumeLoss


@MODELS.register_module()
class VolumeJSLoss(VolumeLoss):
    """Divergence of the softmax of a map or volume from a Gaussian.

    Args:
        sigma (float): Standard deviation in bins. Defaults to 1.
        loss_weight (float): Factor of the loss. Defaults to 1.
    """

    def __init__(self, sigma: float = 1.0, loss_weight: float = 1.0) -> None:
        super().__init__(loss_weight)
        self.sigma = sigma

    def map_errors(self, logits, coordinates):
        log_probs = at_least_float32(logits).flatten(2).log_softmax(-1)
        target = log_gaussian_map(
            coordinates.to(log_probs.dtype), map_sizes(logits), self.sigma
        )
        return jensen_shannon(log_probs, target)


@MODELS.register_module()
class MarginalJSLoss(MarginalLoss):
    """Divergence of each heat vector from a Gaussian; 2D data train x, y.

    Args:
        sigma (float): Standard deviation in bins. Defaults to 1.
        loss_weight (float): Factor of the loss. Defaults to 1.
    """

    def __init__(self, sigma: float = 1.0, loss_weight: float = 1.0) -> None:
        super().__init__(loss_weight)
        self.sigma = sigma

    def vectors(self, logits):
        return log_marginals(logits)

    def vector_errors(self, vector, coordinate):
        target = log_gaussian_vector(
            coordinate.to(vector.dtype), vector.shape[-1], self.sigma
        )
        return jensen_shannon(vector, target)
