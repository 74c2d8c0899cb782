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
    OptMultiConfig,
    OptSampleList,
    Predictions,
)
from torch import Tensor

from integral_mmpose import functional as F
from integral_mmpose.geometry import check_counts

from .common import (
    CheckedTestCfg,
    build_loss,
    check_decoder,
    check_features,
    decode_batch,
    gather_labels,
    pose_accuracy,
    read_test_cfg,
)
from .map_readout import READOUTS, MapReadout


@MODELS.register_module()
class IntegralHead(MapReadout, CheckedTestCfg, HeatmapHead):
    """Integral regression head (Sun et al., ECCV 2018) and its baselines.

    =============  ================  ============  ===================
    method         heatmap_loss      joint_loss    readout
    =============  ================  ============  ===================
    H1, H2, H3     Volume* (or       None          argmax (or
                   Marginal* )                     marginal_argmax)
    I*, I1-3       None              JointL1Loss   integral
    joint variant  both              both          integral
    local          Volume*           LocalJoint-   local_integral
                                     L1Loss
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
            ``'marginal_argmax'`` of each heat vector,
            ``'local_integral'`` around the argmax: for maps of any
            training. Defaults to what the joint loss trains; without
            one, to the argmax of what the heat map loss trains.
        window (dict, optional): ``radius`` and ``temperature`` of
            ``functional.local_integral``. Defaults to those of the joint
            loss, else to a radius of 2 cells and to 0.1 for the maps of H1
            and 1 for others.
        decoder (dict): Config of the codec.
        init_cfg (dict | list[dict], optional): Defaults to N(0, 1e-3).

    Raises:
        ValueError: If no loss is given or one of the other kind, a count is
            below 1, ``readout`` is unknown, has no ``window`` or needs other
            losses, the depth contradicts the codec, or a joint loss lacks its
            heat map loss.
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
        window: OptConfigType = None,
        decoder: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        if heatmap_loss is None and joint_loss is None:
            raise ValueError(
                'IntegralHead needs heatmap_loss, joint_loss or both'
            )
        if readout not in (None, *READOUTS):
            raise ValueError(
                f'readout must be one of {READOUTS}, got {readout!r}'
            )
        check_counts(
            in_channels=in_channels, out_channels=out_channels, depth=depth
        )
        for channels in deconv_out_channels or ():
            check_counts(deconv_out_channels=channels)
        super().__init__(
            in_channels,
            out_channels * depth,
            deconv_out_channels=deconv_out_channels,
            deconv_kernel_sizes=[4] * len(deconv_out_channels or ()),
            decoder=decoder,
            init_cfg=init_cfg,
        )
        del self.loss_module
        self.heatmap_loss = build_loss('heatmap_loss', heatmap_loss)
        self.joint_loss = build_loss('joint_loss', joint_loss)
        self._check_local(readout)
        self._check_debiased(readout)
        self.out_channels = out_channels
        self.depth = depth
        self.readout = readout or self._trained_readout()
        self.window = dict(self._trained_window(), **(window or {}))
        unknown = self.window.keys() - {'radius', 'temperature'}
        if unknown:
            raise ValueError(
                f'window has radius and temperature, got {sorted(unknown)}'
            )
        F.check_window(**self.window)
        if window and self.readout != 'local_integral':
            raise ValueError(
                f'window is for readout="local_integral", and this head reads '
                f'by {self.readout!r}: give that readout, or no window'
            )
        check_decoder(self, f'depth={depth}')

    @property
    def joint_loss_is_local(self) -> bool:
        """Whether the maps stay those of the heat map loss."""
        return getattr(self.joint_loss, 'needs_heatmap_loss', False)

    def _check_local(self, readout: Optional[str]) -> None:
        if not self.joint_loss_is_local:
            return
        name = type(self.joint_loss).__name__
        if not self.heatmap_loss:
            raise ValueError(
                f'{name} needs a loss that finds the joint: give the head a '
                'heatmap_loss, such as VolumeMSELoss'
            )
        if readout in ('integral', 'debiased_integral'):
            raise ValueError(
                f'readout={readout!r} reads the whole map and {name} trains '
                "a window: set readout='local_integral' or None"
            )

    def _check_debiased(self, readout: Optional[str]) -> None:
        """A softmax leaves a constant free, which the correction reads."""
        if readout != 'debiased_integral':
            return
        joint, heatmap = self.joint_loss, self.heatmap_loss
        by_joint = joint and not getattr(joint, 'takes_logits', False)
        if not by_joint and getattr(heatmap, 'score', None) != 'peak':
            names = [type(loss).__name__ for loss in (heatmap, joint) if loss]
            raise ValueError(
                'debiased_integral needs maps with a background of 0, and '
                f'{" and ".join(names)} trains none: give the head '
                'JointL1Loss or VolumeMSELoss'
            )

    @property
    def num_axes(self) -> int:
        """Number of axes that the head predicts: 2 or 3."""
        return 2 if self.depth == 1 else 3

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Features -> logits (B, K, H, W) or (B, K, D, H, W)."""
        check_features(self, feats[-1])
        maps = super().forward(feats)
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
            train_cfg (dict): Not used.

        Returns:
            dict: ``loss_heatmap`` and ``loss_joint`` as configured, and
            ``acc_pose``.
        """
        return self.losses_of_logits(self.forward(feats), batch_data_samples)

    def losses_of_logits(
        self, logits: Tensor, batch_data_samples: OptSampleList
    ) -> dict:
        """The losses of :meth:`loss`, from logits (B, K, [D,] H, W)."""
        labels, weights = gather_labels(
            batch_data_samples, self.num_axes, self.out_channels
        )
        losses, pred = self.losses_and_coordinates(logits, labels, weights)
        return dict(losses, acc_pose=pose_accuracy(pred, labels, weights))

    def losses_and_coordinates(
        self, logits: Tensor, labels: Tensor, weights: Tensor
    ) -> Tuple[dict, Tensor]:
        """Losses by name, and the coordinates of the joints.

        The logits are (B, K, [D,] H, W), labels, weights and coordinates
        (B, K, C), normalised; the coordinates have no gradient.
        """
        losses = {}
        if self.heatmap_loss is not None:
            losses['loss_heatmap'] = self.heatmap_loss(logits, labels, weights)
        if self.joint_loss is not None:
            pred = self.trained_coordinates(logits)
            takes_logits = getattr(self.joint_loss, 'takes_logits', False)
            losses['loss_joint'] = self.joint_loss(
                logits if takes_logits else pred, labels, weights
            )
        if self.joint_loss is None or self.finds_by_argmax:
            with torch.no_grad():
                pred = self.coordinates(logits)
        return losses, pred.detach()

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
                coordinates of an integral, maps that are read by an argmax
                (``align_flipped_maps=False`` as Newell et al., unaligned);
                ``output_heatmaps`` also returns the maps.

        Returns:
            list[InstanceData]: keypoints (1, K, 2 or 3), x, y in px of the
            network input and z in mm relative to the root, and
            keypoint_scores (1, K); with ``output_heatmaps`` besides a list of
            PixelData with ``heatmaps`` (K, H, W) of :meth:`visible_maps`.

        Raises:
            ValueError: If ``test_cfg`` has an unknown option, the data set
                has other joints, or a prediction is not finite.
        """
        test_cfg = read_test_cfg(test_cfg)
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
            align = test_cfg.get('align_flipped_maps', True)
            coordinates = self.merge_maps(logits, flipped, meta, align)
            index = torch.as_tensor(meta['flip_indices'], device=scores.device)
            scores = (scores + self.scores(flipped)[:, index]) / 2
        preds = decode_batch(
            self, coordinates, scores, batch_data_samples, flip_test
        )
        if not test_cfg.get('output_heatmaps', False):
            return preds
        maps = self.visible_maps(logits)
        return preds, [PixelData(heatmaps=m) for m in maps.detach()]
