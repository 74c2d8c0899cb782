"""Jensen-Shannon regularisers of maps and heat vectors.

Beside a joint loss, as ``heatmap_loss`` of ``IntegralHead``: the joint
variant of the paper with another heat map loss. The equation and its source
are in ``functional.jensen_shannon``.
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

from .heatmap import GaussianLoss, MarginalLoss, VolumeLoss


@MODELS.register_module()
class VolumeJSLoss(GaussianLoss, VolumeLoss):
    """Divergence of the softmax of a map or volume from a Gaussian."""

    def map_errors(self, logits, coordinates):
        log_probs = at_least_float32(logits).flatten(2).log_softmax(-1)
        target = log_gaussian_map(
            coordinates.to(log_probs.dtype), map_sizes(logits), self.sigma
        )
        return jensen_shannon(log_probs, target)


@MODELS.register_module()
class MarginalJSLoss(GaussianLoss, MarginalLoss):
    """Divergence of each heat vector from a Gaussian; 2D data train x, y."""

    def vectors(self, logits):
        return log_marginals(logits)

    def vector_errors(self, vector, coordinate):
        target = log_gaussian_vector(
            coordinate.to(vector.dtype), vector.shape[-1], self.sigma
        )
        return jensen_shannon(vector, target)
