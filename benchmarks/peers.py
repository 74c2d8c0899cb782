"""Peer formulations of the integral, re-written from their formulas.

Each takes logits and returns coordinates in its own convention; only time is
compared.
"""

import torch
from torch.nn.functional import softmax


def official(logits):
    """JimmySuen/integral-human-pose: softmax, marginals, arange, divide."""
    batch, joints = logits.shape[:2]
    probs = softmax(logits.reshape(batch, joints, -1), 2).view_as(logits)
    if logits.dim() == 4:
        probs = probs.unsqueeze(2)
    accumulated = (
        probs.sum(2).sum(2),
        probs.sum(2).sum(3),
        probs.sum(3).sum(3),
    )
    return torch.cat(
        [
            (
                a * torch.arange(a.shape[-1], dtype=a.dtype, device=a.device)
            ).sum(2, keepdim=True)
            / a.shape[-1]
            - 0.5
            for a in accumulated
        ],
        2,
    )


def mmpose_2d(logits):
    """MMPose's IntegralRegressionHead: a weight grid times the whole map."""
    batch, joints, height, width = logits.shape
    probs = softmax(logits.flatten(2), 2).view_as(logits)
    grid_x = (torch.arange(width) / width).to(logits).view(1, 1, 1, width)
    grid_y = (torch.arange(height) / height).to(logits).view(1, 1, height, 1)
    x = (probs * grid_x).flatten(2).sum(2, keepdim=True)
    y = (probs * grid_y).flatten(2).sum(2, keepdim=True)
    return torch.cat([x, y], 2)
