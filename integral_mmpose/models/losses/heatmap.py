"""Losses on heat maps: H1, H2, H3 and a divergence, on maps or heat vectors.

Each takes logits and normalised labels, makes its targets on the device of
the logits, and returns a scalar: the weighted sum over joints (and over axes
for heat vectors) divided by B * K, a count that does not depend on what is
visible. ``score`` says how a confidence is read from maps trained so.
"""

import torch
from mmpose.registry import MODELS
from torch import Tensor

from integral_mmpose import functional as F

from .base import Loss

#: The paper counts a cell as positive within 15 px of a 256 px input.
DISC_RADIUS = 15 / 256
#: In bins. H1 divides by the energy of the target, which for a joint midway
#: between the cells of a volume is about exp(-0.75 / sigma^2).
MIN_SIGMA = 0.3


class HeatmapLoss(Loss):
    """Base: labels to bins, mask, reduction. Arguments: see ``Loss``."""

    score = 'spread'

    def forward(
        self, logits: Tensor, labels: Tensor, weights: Tensor
    ) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): (B, K, [D,] H, W).
            labels (Tensor): (B, K, C) normalised, C = 2 or 3 as the logits.
            weights (Tensor): (B, K, C).

        Returns:
            Tensor: Scalar.
        """
        sizes = F.map_sizes(logits)
        coordinates = F.norm_to_bins(
            F.mask_coordinates(labels, weights), sizes
        )
        count = logits.shape[0] * logits.shape[1]
        errors, weights = self.errors(logits, coordinates, weights)
        return self.loss_weight * F.sum_over_count(errors, weights, count)

    def errors(self, logits: Tensor, coordinates: Tensor, weights: Tensor):
        """Unreduced errors and the weights of the same shape."""
        raise NotImplementedError


class GaussianLoss(HeatmapLoss):
    """A loss whose target is a Gaussian around the joint.

    Args:
        sigma (float): Standard deviation in bins. Defaults to 1.
        loss_weight (float): Factor of the loss. Defaults to 1.
    """

    def __init__(self, sigma: float = 1.0, loss_weight: float = 1.0) -> None:
        super().__init__(loss_weight)
        self.sigma = self.positive('sigma', sigma)
        if sigma < MIN_SIGMA:
            raise ValueError(
                f'{type(self).__name__}: sigma={sigma} bins is below '
                f'{MIN_SIGMA}: for a joint between two cells, hardly anything '
                'is left of the Gaussian, and the loss overflows'
            )


class VolumeLoss(HeatmapLoss):
    """A loss on all cells at once: it needs every axis of a joint."""

    def errors(self, logits, coordinates, weights):
        return self.map_errors(logits, coordinates), weights.amin(-1)


class MarginalLoss(HeatmapLoss):
    """A loss on each heat vector apart: an unknown axis has weight 0."""

    def errors(self, logits, coordinates, weights):
        errors = [
            self.vector_errors(vector, coordinates[..., axis])
            for axis, vector in enumerate(self.vectors(logits).axes())
        ]
        return torch.stack(errors, -1), weights


@MODELS.register_module()
class VolumeMSELoss(GaussianLoss, VolumeLoss):
    """H1 on a map or volume: squared error to a Gaussian of peak 1."""

    score = 'peak'

    def map_errors(self, logits, coordinates):
        return F.map_squared_error(logits, coordinates, self.sigma)


@MODELS.register_module()
class VolumeCrossEntropyLoss(VolumeLoss):
    """H2 on a map or volume: softmax cross-entropy to one hot cell."""

    map_errors = staticmethod(F.map_cross_entropy)


@MODELS.register_module()
class VolumeBCELoss(VolumeLoss):
    """H3: binary cross-entropy to a disc; not used in 3D by the paper.

    Args:
        radius (float): Radius as a fraction of the side of the input.
            Defaults to 15 / 256.
        loss_weight (float): Factor of the loss. Defaults to 1.
    """

    score = 'sigmoid'

    def __init__(
        self, radius: float = DISC_RADIUS, loss_weight: float = 1.0
    ) -> None:
        super().__init__(loss_weight)
        self.radius = self.positive('radius', radius)

    def map_errors(self, logits, coordinates):
        radii = [self.radius * size for size in F.map_sizes(logits)]
        return F.map_binary_cross_entropy(logits, coordinates, radii)


@MODELS.register_module()
class MarginalMSELoss(GaussianLoss, MarginalLoss):
    """H1 on heat vectors: squared error to a Gaussian that sums to 1."""

    vectors = staticmethod(F.marginals)

    def vector_errors(self, vector, coordinate):
        return F.vector_squared_error(vector, coordinate, self.sigma)


@MODELS.register_module()
class MarginalCrossEntropyLoss(MarginalLoss):
    """H2 on heat vectors: cross-entropy to one hot bin of each axis."""

    vectors = staticmethod(F.log_marginals)
    vector_errors = staticmethod(F.vector_cross_entropy)


@MODELS.register_module()
class VolumeJSLoss(GaussianLoss, VolumeLoss):
    """Divergence of the softmax of a map or volume from a Gaussian.

    That of Jensen and Shannon, as below a regulariser beside a joint loss.
    """

    def map_errors(self, logits, coordinates):
        log_probs = F.at_least_float32(logits).flatten(2).log_softmax(-1)
        target = F.log_gaussian_map(
            coordinates.to(log_probs.dtype), F.map_sizes(logits), self.sigma
        )
        return F.jensen_shannon(log_probs, target)


@MODELS.register_module()
class MarginalJSLoss(GaussianLoss, MarginalLoss):
    """Divergence of each heat vector from a Gaussian; 2D data train x, y."""

    vectors = staticmethod(F.log_marginals)

    def vector_errors(self, vector, coordinate):
        target = F.log_gaussian_vector(
            coordinate.to(vector.dtype), vector.shape[-1], self.sigma
        )
        return F.jensen_shannon(vector, target)
