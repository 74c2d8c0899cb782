"""What the heads share: losses, labels, accuracy, flip merge, codec."""

from typing import List, Optional, Sequence, Tuple

import torch
from mmpose.registry import MODELS
from mmpose.utils.typing import InstanceList, OptSampleList
from torch import Tensor, nn

from integral_mmpose import functional as F
from integral_mmpose.codecs import IntegralLabel

from ..losses.base import Loss
from ..losses.heatmap import HeatmapLoss

#: A joint counts as right in ``acc_pose`` within this fraction of the side.
ACCURACY_THRESHOLD = 0.05

#: Options of ``model.test_cfg``: of these heads and of MMPose's estimator.
TEST_OPTIONS = (
    *('flip_test', 'align_flipped_maps', 'output_heatmaps'),
    'output_keypoint_indices',
)
#: Of MMPose's own heads, in the configs of which a head is replaced. They
#: change nothing: ``align_flipped_maps`` knows by how much maps lie aside.
OF_OTHER_HEADS = ('flip_mode', 'shift_heatmap', 'shift_coords')


def read_test_cfg(test_cfg: Optional[dict]) -> dict:
    """``model.test_cfg``, with known options only.

    Raises:
        ValueError: If it has another, such as a misspelt one.
    """
    known = (*TEST_OPTIONS, *OF_OTHER_HEADS)
    unknown = sorted(set(test_cfg or ()).difference(known))
    if unknown:
        raise ValueError(
            f'model.test_cfg: there is no option {unknown[0]}. '
            f'There are: {", ".join(TEST_OPTIONS)}'
        )
    return test_cfg or {}


class CheckedTestCfg:
    """A head that refuses an unknown option of the test when it is built.

    MMPose's estimator gives a head ``model.test_cfg`` as it builds it, and
    reads it when the first image is tested, after an epoch of training.
    """

    @property
    def test_cfg(self) -> dict:
        """``model.test_cfg``."""
        return self._test_cfg

    @test_cfg.setter
    def test_cfg(self, test_cfg: Optional[dict]) -> None:
        self._test_cfg = read_test_cfg(test_cfg)


def check_features(head, features: Tensor) -> None:
    """Raise ValueError if they do not have ``in_channels`` channels."""
    if features.shape[1] != head.in_channels:
        raise ValueError(
            f'{type(head).__name__} has in_channels={head.in_channels} but '
            f'the features have {features.shape[1]} channels: set '
            'model.head.in_channels to that'
        )


def build_loss(option: str, config: Optional[dict]) -> Optional[nn.Module]:
    """Build the loss of ``heatmap_loss`` or ``joint_loss``, if there is one.

    Raises:
        ValueError: If there is no type, if it is a loss of the other option,
            or one of MMPose's that would train joints of weight 0.
    """
    if config is None:
        return None
    of_maps = option == 'heatmap_loss'
    example = 'VolumeMSELoss' if of_maps else 'JointL1Loss'
    if not isinstance(config, dict) or 'type' not in config:
        raise ValueError(
            f'{option} must be a dict with a type, such as '
            f'dict(type={example!r}), got {config!r}'
        )
    loss = MODELS.build(config)
    name = type(loss).__name__
    if isinstance(loss, HeatmapLoss) != of_maps:
        other = 'joint_loss' if of_maps else 'heatmap_loss'
        raise ValueError(
            f'{option}: {name} is {"not a" if of_maps else "a"} heat map '
            f'loss of this package. Use another, such as {example}'
            + f', or give it as {other} of IntegralHead'
            * isinstance(loss, Loss)  # MMPose's take targets of their codecs
        )
    if not getattr(loss, 'use_target_weight', True):
        raise ValueError(
            f'{option}: {name} would train joints that nobody labelled, and '
            'the depth of 2D samples: set use_target_weight=True, or take '
            'JointL1Loss'
        )
    return loss


def check_decoder(head, axes: str) -> None:
    """Check that the codec of a head is IntegralLabel, with the head's axes.

    Raises:
        ValueError: If it is another, or has depth where the head has none.
    """
    if head.decoder is None:
        return
    if not isinstance(head.decoder, IntegralLabel):
        raise ValueError(
            f'{type(head).__name__} needs the codec IntegralLabel, got '
            f'{type(head.decoder).__name__}'
        )
    if head.decoder.num_axes != head.num_axes:
        raise ValueError(
            f'the head has {axes} but its codec has '
            f'depth_range_mm={head.decoder.depth_range_mm}: give both depth '
            '(3D), or neither (2D: depth=1 or num_axes=2, and '
            'depth_range_mm=None)'
        )


def gather_labels(
    data_samples: OptSampleList, num_axes: int, num_joints: int
) -> Tuple[Tensor, Tensor]:
    """Labels and weights of a batch, each (B, num_joints, num_axes).

    Raises:
        ValueError: If the labels have fewer axes: a 2D dataset for a head
            with depth; or another number of joints.
    """
    labels, weights = (
        torch.cat([getattr(s.gt_instance_labels, key) for s in data_samples])
        for key in ('keypoint_labels', 'keypoint_weights')
    )
    if labels.shape[-1] < num_axes:
        raise ValueError(
            f'the head predicts {num_axes} axes but the labels have '
            f'{labels.shape[-1]}: the codec is 2D. Set depth_range_mm of the '
            'codec and give a dataset with depth, or set depth=1 of the head'
        )
    if labels.shape[1] != num_joints:
        raise ValueError(
            f'the head predicts {num_joints} joints but the dataset has '
            f'{labels.shape[1]}: set model.head.out_channels (num_joints of '
            'DirectRegressionHead) to that, or convert the joints'
        )
    # Volumes with one depth bin, as the first hourglass, learn x and y only.
    return labels[..., :num_axes], weights[..., :num_axes]


def pose_accuracy(pred: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Share of labelled joints within 5 % of the side in x and y.

    Coordinates and weights are (B, K, C), normalised. All is on the device:
    nothing waits for a copy to the host.
    """
    distance = (pred.detach() - labels)[..., :2].norm(dim=-1)
    labelled = weights[..., :2].amin(-1) > 0
    right = (distance < ACCURACY_THRESHOLD) & labelled
    return right.sum() / labelled.sum().clamp(min=1)


def check_flip_indices(flip_indices: Sequence[int], joints: int) -> None:
    """Raise ValueError if the data set has other joints than the model."""
    if len(flip_indices) != joints:
        raise ValueError(
            f'flip test: the model has {joints} joints, flip_indices of the '
            f'data set {len(flip_indices)}: they pair other joints. Take a '
            'data set with the joints of the model, or '
            'model.test_cfg.flip_test=False'
        )


def merge_flipped(
    coordinates: Tensor,
    flipped: Tensor,
    flip_indices: Sequence[int],
    input_size: Sequence[int],
) -> Tensor:
    """Average coordinates (B, K, C) with those of the mirrored image.

    All are normalised; ``input_size`` is (w, h) of the network input in px.

    Raises:
        ValueError: If the data set has other joints than the model.
    """
    check_flip_indices(flip_indices, coordinates.shape[1])
    mirrored = flipped.clone()
    mirrored[..., :2] = F.norm_to_px(flipped[..., :2], input_size)
    mirrored = F.flip_coordinates(mirrored, flip_indices, input_size[0])
    mirrored[..., :2] = F.px_to_norm(mirrored[..., :2], input_size)
    return (coordinates + mirrored) / 2


def decode_batch(
    head,
    coordinates: Tensor,
    scores: Tensor,
    data_samples: OptSampleList,
    flip_test: bool = False,
) -> InstanceList:
    """Decode normalised coordinates (B, K, C), scores (B, K) by the codec.

    Each sample gives its depth range, and notes ``flip_test``: metrics print
    it.

    Returns:
        list[InstanceData]: keypoints (1, K, C) and keypoint_scores (1, K).

    Raises:
        ValueError: If the crops have another size than the codec's.
    """
    F.check_finite(coordinates, f'{type(head).__name__}: coordinates')
    for sample in data_samples:
        size = tuple(sample.metainfo.get('input_size', ()))
        if head.decoder and size and size != tuple(head.decoder.input_size):
            raise ValueError(
                f'the pipeline gives crops of {size} (w, h) px and the codec '
                f'of the head decodes to {tuple(head.decoder.input_size)}: '
                'set input_size of both, and of the encoder, alike'
            )
        sample.set_metainfo(dict(flip_test=flip_test))
    outputs = (coordinates, scores)
    # Without a decoder, head.decode says so.
    if coordinates.shape[-1] == 3 and head.decoder is not None:
        ranges: List[float] = [
            head.decoder.depth_range(
                s.metainfo.get('mm_per_px'), s.metainfo.get('input_scale')
            )
            for s in data_samples
        ]
        outputs += (coordinates.new_tensor(ranges)[:, None],)
    return head.decode(outputs)
