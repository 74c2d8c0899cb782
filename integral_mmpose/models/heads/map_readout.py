"""Joints, scores and pictures read out of heat maps: by integral or argmax."""

from typing import Optional

import torch
from torch import Tensor

from integral_mmpose import functional as F

from ..losses.heatmap import MarginalLoss
from .common import check_flip_indices, merge_flipped

#: These find the cell of a joint by an argmax, which has no gradient.
ARGMAXES = ('argmax', 'marginal_argmax', 'local_integral')
READOUTS = ('integral', 'debiased_integral', *ARGMAXES)


class MapReadout:
    """The part of ``IntegralHead`` that reads its logits.

    It uses ``readout``, ``window``, the two losses, ``joint_loss_is_local``,
    ``depth``, ``num_axes`` and ``out_channels``.
    """

    def _trained_window(self) -> dict:
        if self.joint_loss_is_local:
            loss = self.joint_loss
            return dict(radius=loss.radius, temperature=loss.temperature)
        in_0_1 = not self.joint_loss and self.heatmap_loss.score == 'peak'
        return dict(radius=2, temperature=0.1 if in_0_1 else 1.0)

    def _trained_readout(self) -> str:
        if self.joint_loss_is_local:
            return 'local_integral'
        if self.joint_loss is not None:
            return 'integral'
        if isinstance(self.heatmap_loss, MarginalLoss):
            return 'marginal_argmax'
        return 'argmax'

    def trained_coordinates(self, logits: Tensor) -> Tensor:
        """What the joint loss trains, normalised (B, K, 2 or 3)."""
        bins = F.integral(logits)
        if self.readout == 'debiased_integral':
            bins = F.debias(bins, logits)
        return F.bins_to_norm(bins, F.map_sizes(logits))

    def coordinates(self, logits: Tensor) -> Tensor:
        """Read normalised coordinates (B, K, 2 or 3) out of logits."""
        if self.readout == 'argmax':
            bins = F.argmax(logits)
        elif self.readout == 'local_integral':
            bins = F.local_integral(logits, **self.window)
        elif self.readout == 'marginal_argmax':
            vectors = F.marginals(logits).axes()
            cells = torch.stack([v.argmax(-1) for v in vectors], -1)
            bins = cells.to(F.at_least_float32(logits).dtype)
        else:
            return self.trained_coordinates(logits)
        return F.bins_to_norm(bins, F.map_sizes(logits))

    @property
    def finds_by_argmax(self) -> bool:
        """Whether a small difference of the maps may find another cell."""
        return self.readout in ARGMAXES

    @property
    def score_kind(self) -> str:
        """How a score is read: that of the loss whose maps are read."""
        kept = not self.joint_loss or self.joint_loss_is_local
        alone = self.readout == 'local_integral' and kept
        if self.heatmap_loss and (alone or self.readout == 'argmax'):
            return self.heatmap_loss.score
        return 'spread'

    def scores(self, logits: Tensor) -> Tensor:
        """Confidence (B, K) in [0, 1], read from the maps.

        The clipped peak for H1 maps, the peak's sigmoid for H3, else the
        spread of the heat vectors (see ``functional.spread_score``).
        """
        if self.score_kind == 'spread':
            return F.spread_score(F.marginals(logits))
        peak = F.at_least_float32(logits).flatten(2).amax(-1)
        if self.score_kind == 'sigmoid':
            return peak.sigmoid()
        return peak.clamp(0, 1)

    def spread(self, logits: Tensor) -> Optional[Tensor]:
        """Standard deviation (B, K, 2 or 3) as a fraction of each side.

        None where the maps are no probabilities (H1, H3).
        """
        if self.score_kind != 'spread':
            return None
        return F.spread(F.marginals(logits))[..., : self.num_axes]

    def merge_maps(
        self, logits: Tensor, flipped: Tensor, meta: dict, align: bool = True
    ) -> Tensor:
        """Normalised coordinates (B, K, 2 or 3) of an image and its mirror.

        Where an argmax reads the joint the maps are merged: two coordinates
        would be averaged to a place between the modes of a map. ``align`` is
        that of ``functional.merge_flipped_maps``.
        """
        pairs, size = meta['flip_indices'], meta['input_size']
        if not self.finds_by_argmax:
            return merge_flipped(
                self.coordinates(logits),
                self.coordinates(flipped),
                pairs,
                size,
            )
        check_flip_indices(pairs, self.out_channels)
        maps = F.merge_flipped_maps(
            self.visible_volume(logits),
            self.visible_volume(flipped),
            pairs,
            size[0],
            align,
        )
        if self.readout != 'argmax':  # back to logits
            if self.score_kind == 'spread':
                maps = maps.clamp_min(torch.finfo(maps.dtype).tiny).log()
            elif self.score_kind == 'sigmoid':
                maps = maps.logit(eps=torch.finfo(maps.dtype).eps)
        return self.coordinates(maps)

    def visible_volume(self, logits: Tensor) -> Tensor:
        """What is read, (B, K, [D,] H, W): raw for H1, sigmoid for H3.

        Else the probabilities of Eq. 3.
        """
        if self.score_kind == 'spread':
            return F.softmax(logits)
        maps = F.at_least_float32(logits)
        return maps.sigmoid() if self.score_kind == 'sigmoid' else maps

    def visible_maps(self, logits: Tensor) -> Tensor:
        """Maps to draw, (B, K, H, W).

        In 3D the sum of :meth:`visible_volume` over depth where it is a
        probability, else its largest value.
        """
        volume = self.visible_volume(logits)
        if self.depth == 1:
            return volume
        return volume.sum(2) if self.score_kind == 'spread' else volume.amax(2)
