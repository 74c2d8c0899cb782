"""The head of the heat map and integral methods: H1-3, I*, I1-3, 2D and 3D.

Deconvolutions to the heat map size, a 1x1 convolution to K * D maps, then
the losses on the maps, on the joints or on both, and a readout. D = 1 is 2D.
"""

from typing import Optional, Sequence, Tuple

import torch
from mmengine.structures import PixelData
from mmpose.models.heads.heatmap_heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.utils.typing import (
    Features,
    OptConfigType,
    OptSampleList,
    Predictions,
)
from torch import Tensor

from integral_mmpose import functional as F

from ..losses.heatmap import MarginalLoss
from .chunked import chunked_losses
from .common import (
    check_decoder,
    check_flip_indices,
    check_joint_loss,
    decode_batch,
    gather_labels,
    merge_flipped,
    pose_accuracy,
)

ARGMAXES = ('argmax', 'marginal_argmax')
READOUTS = ('integral', 'debiased_integral', *ARGMAXES)


@MODELS.register_module()
class IntegralHead(HeatmapHead):
    """Integral regression head (Sun et al., ECCV 2018) and its baselines.

    =============  ================  ============  ===================
    method         heatmap_loss      joint_loss    readout
    =============  ================  ============  ===================
    H1, H2, H3     Volume* (or       None          argmax (or
                   Marginal* )                     marginal_argmax)
    I*, I1-3       None              JointL1Loss   integral
    joint variant  both              both          integral
    =============  ================  ============  ===================

    Convention: channel k * D + z of the last layer is depth bin z of joint
    k; logits are (B, K, H, W) for D = 1, else (B, K, D, H, W).

    Args:
        in_channels (int): Channels of the features.
        out_channels (int): Number of joints K.
        depth (int): Number of depth bins D; 1 is 2D. Defaults to 1.
        deconv_out_channels (Sequence[int], optional): Channels of each
            deconvolution; two of them are setting (b). Defaults to
            ``(256, 256)``.
        heatmap_loss (dict, optional): Loss on the maps.
        joint_loss (dict, optional): Loss on the joints.
        readout (str, optional): ``'integral'``, ``'debiased_integral'``
            (corrected by ``functional.debias``, in training and testing: see
            there which maps it needs), ``'argmax'`` of the map or volume,
            ``'marginal_argmax'`` of each heat vector. By default the
            integral with a joint loss, without one the argmax of what the
            heat map loss trains.
        decoder (dict): Config of the codec.
        init_cfg (dict, optional): Defaults to N(0, 1e-3).

    Raises:
        ValueError: If no loss is given, ``readout`` is unknown, or the depth
            contradicts the codec.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        depth: int = 1,
        deconv_out_channels: Optional[Sequence[int]] = (256, 256),
        heatmap_loss: OptConfigType = None,
        joint_loss: OptConfigType = None,
        readout: Optional[str] = None,
        decoder: OptConfigType = None,
        init_cfg: OptConfigType = None,
    ) -> None:
        if heatmap_loss is None and joint_loss is None:
            raise ValueError(
                'IntegralHead needs heatmap_loss, joint_loss or both'
            )
        if readout not in (None, *READOUTS):
            raise ValueError(
                f'readout must be one of {READOUTS}, got {readout!r}'
            )
        if depth < 1:
            raise ValueError(f'depth must be at least 1 bin, got {depth}')
        super().__init__(
            in_channels,
            out_channels * depth,
            deconv_out_channels=deconv_out_channels,
            deconv_kernel_sizes=[4] * len(deconv_out_channels or ()),
            loss=heatmap_loss or joint_loss,
            decoder=decoder,
            init_cfg=init_cfg,
        )
        del self.loss_module
        self.heatmap_loss = heatmap_loss and MODELS.build(heatmap_loss)
        self.joint_loss = joint_loss and MODELS.build(joint_loss)
        check_joint_loss(self.joint_loss)
        self.out_channels = out_channels
        self.depth = depth
        self.readout = readout or self._trained_readout()
        check_decoder(self, f'depth={depth}')

    def _trained_readout(self) -> str:
        if self.joint_loss is not None:
            return 'integral'
        if isinstance(self.heatmap_loss, MarginalLoss):
            return 'marginal_argmax'
        return 'argmax'

    @property
    def num_axes(self) -> int:
        """Number of axes that the head predicts: 2 or 3."""
        return 2 if self.depth == 1 else 3

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Features -> logits (B, K, H, W) or (B, K, D, H, W)."""
        return self.to_logits(super().forward(feats))

    def to_logits(self, maps: Tensor) -> Tensor:
        """Output (B, k * D, H, W) of the last layer -> (B, k, [D,] H, W)."""
        if self.depth == 1:
            return maps
        return maps.unflatten(1, (-1, self.depth))

    @torch.no_grad()
    def sharpen(self, factor: float) -> None:
        """Multiply the maps by a factor, in the weights of the last layer."""
        for parameter in self.final_layer.parameters():
            parameter.mul_(factor)

    def loss(
        self,
        feats: Tuple[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: OptConfigType = None,
    ) -> dict:
        """Losses of a batch.

        Args:
            feats (tuple[Tensor]): Features, the last is used.
            batch_data_samples (list[PoseDataSample]): Samples with labels.
            train_cfg (dict): ``chunk_joints`` computes the last layer and
                the losses so many joints at a time, twice: slower, and the
                volumes of all joints never exist together (chunked.py).

        Returns:
            dict: ``loss_heatmap`` and ``loss_joint`` as configured, and
            ``acc_pose``.
        """
        chunk_joints = (train_cfg or {}).get('chunk_joints')
        if chunk_joints is None:
            return self.losses_of(self.forward(feats), batch_data_samples)
        labels, weights = gather_labels(
            batch_data_samples, self.num_axes, self.out_channels
        )
        features = self.conv_layers(self.deconv_layers(feats[-1]))
        losses, pred = chunked_losses(
            self, features, labels, weights, chunk_joints
        )
        return dict(losses, acc_pose=pose_accuracy(pred, labels, weights))

    def losses_of(
        self, logits: Tensor, batch_data_samples: OptSampleList
    ) -> dict:
        """The losses of :meth:`loss`, from logits (B, K, [D,] H, W)."""
        labels, weights = gather_labels(
            batch_data_samples, self.num_axes, self.out_channels
        )
        losses, pred = self.group_losses(logits, labels, weights)
        return dict(losses, acc_pose=pose_accuracy(pred, labels, weights))

    def group_losses(
        self, logits: Tensor, labels: Tensor, weights: Tensor
    ) -> Tuple[dict, Tensor]:
        """Losses of some joints, and their normalised coordinates.

        Args:
            logits (Tensor): (B, k, [D,] H, W).
            labels (Tensor): (B, k, C) normalised.
            weights (Tensor): (B, k, C).

        Returns:
            tuple: Losses by name, and (B, k, C) without a gradient.
        """
        losses = {}
        if self.heatmap_loss is not None:
            losses['loss_heatmap'] = self.heatmap_loss(logits, labels, weights)
        if self.joint_loss is not None:
            pred = self._expectation(logits)
            losses['loss_joint'] = self.joint_loss(pred, labels, weights)
        if self.joint_loss is None or self.readout in ARGMAXES:
            with torch.no_grad():
                pred = self.coordinates(logits)
        return losses, pred.detach()

    def _expectation(self, logits: Tensor) -> Tensor:
        """What the joint loss trains, normalised (B, K, 2 or 3)."""
        bins = F.integral(logits)
        if self.readout == 'debiased_integral':
            bins = F.debias(bins, logits)
        return F.bins_to_norm(bins, F.map_sizes(logits))

    def coordinates(self, logits: Tensor) -> Tensor:
        """Read normalised coordinates (B, K, 2 or 3) out of logits."""
        if self.readout == 'argmax':
            bins = F.argmax(logits)
        elif self.readout == 'marginal_argmax':
            bins = torch.stack(
                [v.argmax(-1) for v in F.marginals(logits) if v is not None],
                -1,
            ).to(F.at_least_float32(logits).dtype)
        else:
            return self._expectation(logits)
        return F.bins_to_norm(bins, F.map_sizes(logits))

    @property
    def score_kind(self) -> str:
        """How a score is read: that of the loss whose maps are read."""
        if self.readout == 'argmax' and self.heatmap_loss is not None:
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

    def predict(
        self,
        feats: Features,
        batch_data_samples: OptSampleList,
        test_cfg: OptConfigType = None,
    ) -> Predictions:
        """Predict poses.

        Args:
            feats (tuple[Tensor] | list[tuple[Tensor]]): Features; with
                ``flip_test`` those of the image and of the mirrored image.
            batch_data_samples (list[PoseDataSample]): Samples with metainfo.
            test_cfg (dict): ``flip_test`` averages with the mirrored image:
                coordinates of an integral, maps that are read by an argmax;
                ``output_heatmaps`` also returns the maps.

        Returns:
            list[InstanceData]: keypoints (1, K, 2 or 3), x, y in px of the
            network input and z in mm relative to the root, and
            keypoint_scores (1, K); with ``output_heatmaps`` besides a list of
            PixelData with ``heatmaps`` (K, H, W) of :meth:`visible_maps`.
        """
        test_cfg = test_cfg or {}
        flip_test = test_cfg.get('flip_test', False)
        logits = self.forward(feats[0] if flip_test else feats)
        F.check_finite(logits, f'{type(self).__name__}: logits')
        scores = self.scores(logits)
        if not flip_test:
            coordinates = self.coordinates(logits)
        else:
            meta = batch_data_samples[0].metainfo
            flipped = self.forward(feats[1])
            # An argmax hides a NaN, so the mirrored logits are checked too.
            F.check_finite(flipped, f'{type(self).__name__}: logits')
            coordinates = self._merge(logits, flipped, meta)
            index = torch.as_tensor(meta['flip_indices'], device=scores.device)
            scores = (scores + self.scores(flipped)[:, index]) / 2
        preds = decode_batch(
            self, coordinates, scores, batch_data_samples, flip_test
        )
        if not test_cfg.get('output_heatmaps', False):
            return preds
        maps = self.visible_maps(logits)
        return preds, [PixelData(heatmaps=m) for m in maps.detach()]

    def _merge(self, logits: Tensor, flipped: Tensor, meta: dict) -> Tensor:
        """Normalised coordinates (B, K, 2 or 3) of an image and its mirror.

        Where an argmax reads the joint the maps are merged: two coordinates
        would be averaged to a place between the modes of a map.
        """
        pairs, size = meta['flip_indices'], meta['input_size']
        if self.readout not in ARGMAXES:
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
        )
        if self.readout == 'marginal_argmax':  # of probabilities
            maps = maps.clamp_min(torch.finfo(maps.dtype).tiny).log()
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
