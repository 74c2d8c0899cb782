"""R1, the direct regression baseline: pooled features, one linear layer."""

from typing import Tuple

import torch
from mmpose.models.heads import RegressionHead
from mmpose.registry import MODELS
from mmpose.utils.typing import (
    Features,
    OptConfigType,
    OptMultiConfig,
    OptSampleList,
    Predictions,
)
from torch import Tensor, nn

from integral_mmpose.functional import at_least_float32
from integral_mmpose.geometry import check_counts

from .common import (
    CheckedTestCfg,
    build_loss,
    check_decoder,
    decode_batch,
    gather_labels,
    merge_flipped,
    pose_accuracy,
    read_test_cfg,
)


@MODELS.register_module()
class DirectRegressionHead(CheckedTestCfg, RegressionHead):
    """Direct regression of K joints in 2D or 3D (R1 of the paper).

    The output is relative to the middle of the normalised space, so that a
    new head predicts the middle. There is no heat map to read a confidence
    from: every keypoint score is 1.

    Args:
        in_channels (int): Channels of the pooled features.
        num_joints (int): Number of joints K.
        num_axes (int): 2 or 3. Defaults to 2.
        joint_loss (dict): Defaults to ``JointL1Loss``.
        decoder (dict, optional): Config of the codec.
        init_cfg (dict | list[dict], optional): Defaults to N(0, 1e-3), as the
            paper's.

    Raises:
        ValueError: If ``num_axes`` contradicts the codec, the loss takes
            heat maps, or the features are not pooled.
    """

    def __init__(
        self,
        in_channels: int,
        num_joints: int,
        num_axes: int = 2,
        joint_loss: OptConfigType = None,
        decoder: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        if num_axes not in (2, 3):
            raise ValueError(f'num_axes must be 2 or 3, got {num_axes}')
        check_counts(in_channels=in_channels, num_joints=num_joints)
        super().__init__(
            in_channels, num_joints, decoder=decoder, init_cfg=init_cfg
        )
        self.num_axes = num_axes
        self.loss_module = build_loss(
            'joint_loss', joint_loss or dict(type='JointL1Loss')
        )
        if getattr(self.loss_module, 'takes_logits', False):
            raise ValueError(
                f'{type(self.loss_module).__name__} takes heat maps, and '
                f'{type(self).__name__} has none: take JointL1Loss, or '
                'IntegralHead'
            )
        self.fc = nn.Linear(in_channels, num_joints * num_axes)
        check_decoder(self, f'num_axes={num_axes}')

    @property
    def default_init_cfg(self) -> dict:
        """N(0, 1e-3); MMPose's RegressionHead has 0.01."""
        return dict(type='Normal', layer='Linear', std=1e-3, bias=0)

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Pooled features -> (B, K, 2 or 3) normalised coordinates."""
        features = torch.flatten(feats[-1], 1)
        if features.shape[1] != self.in_channels:
            raise ValueError(
                f'the features have the shape {tuple(feats[-1].shape)}, the '
                f'head takes {self.in_channels} channels of one pixel: set '
                "model.neck=dict(type='GlobalAveragePooling') and in_channels"
            )
        x = self.fc(features)
        return (
            at_least_float32(x).view(-1, self.num_joints, self.num_axes) + 0.5
        )

    def coordinates(self, outputs: Tensor) -> Tensor:
        """The output is normalised coordinates (B, K, 2 or 3) already."""
        return outputs

    def scores(self, outputs: Tensor) -> Tensor:
        """Confidence (B, K): 1, as there is no heat map to read it from."""
        return torch.ones_like(outputs[..., 0])

    def spread(self, outputs: Tensor) -> None:
        """None, as there is no heat map."""

    def loss(
        self,
        feats: Tuple[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: OptConfigType = None,
    ) -> dict:
        """Losses of a batch: ``loss_joint`` and ``acc_pose``."""
        pred = self.forward(feats)
        labels, weights = gather_labels(
            batch_data_samples, self.num_axes, self.num_joints
        )
        return dict(
            loss_joint=self.loss_module(pred, labels, weights),
            acc_pose=pose_accuracy(pred, labels, weights),
        )

    def predict(
        self,
        feats: Features,
        batch_data_samples: OptSampleList,
        test_cfg: OptConfigType = None,
    ) -> Predictions:
        """Predict poses; see :meth:`IntegralHead.predict`."""
        flip_test = read_test_cfg(test_cfg).get('flip_test', False)
        coordinates = self.forward(feats[0] if flip_test else feats)
        if flip_test:
            meta = batch_data_samples[0].metainfo
            coordinates = merge_flipped(
                coordinates,
                self.forward(feats[1]),
                meta['flip_indices'],
                meta['input_size'],
            )
        return decode_batch(
            self,
            coordinates,
            self.scores(coordinates),
            batch_data_samples,
            flip_test,
        )
