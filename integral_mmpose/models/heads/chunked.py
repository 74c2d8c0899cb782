"""The last layer and the losses of a few joints at a time.

A volume of 18 x 64^3 floats is 19 MB a sample, and its gradient the same.
Every joint has output channels of its own, so chunks of joints can go
through the final 1x1 convolution and the losses one after the other; each
chunk is computed again in backward instead of being kept.
"""

from typing import Dict, Tuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d
from torch.utils.checkpoint import checkpoint

from integral_mmpose.geometry import check_counts

from ..losses.joint import JointLoss


def chunked_losses(
    head,
    features: Tensor,
    labels: Tensor,
    weights: Tensor,
    chunk_joints: int,
) -> Tuple[Dict[str, Tensor], Tensor]:
    """``IntegralHead.losses_and_coordinates``, a few joints at a time.

    ``features`` (B, C, H, W) are the input of the head's last layer; for the
    rest see there.

    Raises:
        ValueError: If ``chunk_joints`` is not a positive whole number, or
            the joint loss is not a sum over the joints.
    """
    check_counts(**{'train_cfg.chunk_joints': chunk_joints})
    if not isinstance(head.joint_loss, (JointLoss, type(None))):
        raise ValueError(
            'train_cfg.chunk_joints needs JointL1Loss or JointL2Loss: '
            f'{type(head.joint_loss).__name__} is not a sum over the joints'
        )
    joints = head.out_channels
    losses, preds = {}, []
    for start in range(0, joints, chunk_joints):
        chunk = slice(start, min(start + chunk_joints, joints))
        found, pred = checkpoint(
            _chunk_losses,
            head,
            features,
            labels,
            weights,
            chunk,
            use_reentrant=False,
            preserve_rng_state=False,  # nothing here is random
        )
        preds.append(pred)
        for name, loss in found.items():
            losses[name] = losses.get(name, 0) + loss
    return losses, torch.cat(preds, 1)


def _chunk_losses(head, features, labels, weights, chunk):
    """Losses of the joints of a slice, as their share of the whole loss."""
    channels = slice(chunk.start * head.depth, chunk.stop * head.depth)
    layer = head.final_layer
    bias = None if layer.bias is None else layer.bias[channels]
    maps = conv2d(features, layer.weight[channels], bias)
    losses, pred = head.losses_and_coordinates(
        head.to_logits(maps), labels[:, chunk], weights[:, chunk]
    )
    # Joint losses are sums over the joints, heat map losses their means.
    share = (chunk.stop - chunk.start) / head.out_channels
    if 'loss_heatmap' in losses:
        losses['loss_heatmap'] = losses['loss_heatmap'] * share
    return losses, pred
