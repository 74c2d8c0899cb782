"""Peer formulations of the integral, re-written from their formulas.

Each takes (B, K, [D,] H, W) logits and returns coordinates in its own
convention, which the tests of ``functional`` relate to ours; here only time
and memory are compared.
"""

import torch
from torch.nn.functional import softmax

from integral_mmpose import functional as F


def _flat_softmax(logits):
    return softmax(logits.flatten(2), 2).view_as(logits)


def official(logits):
    """JimmySuen/integral-human-pose: softmax, marginals, arange, divide.

    ``generate_3d_integral_preds_tensor``: each marginal is two sums over the
    whole volume.
    """
    probs = _flat_softmax(logits)
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


def mmpose(logits):
    """MMPose's IntegralRegressionHead: a weight grid times the whole map.

    ``_flat_softmax`` and ``_linear_expectation``; it is 2D, a third axis is
    added as it would be.
    """
    probs = _flat_softmax(logits)
    coordinates = []
    for axis in range(logits.dim() - 1, 1, -1):
        size = logits.shape[axis]
        view = [1] * logits.dim()
        view[axis] = size
        grid = (torch.arange(size) / size).to(logits).view(view)
        coordinates.append(probs.mul(grid).flatten(2).sum(2, keepdim=True))
    return torch.cat(coordinates, 2)


def dsntnn(logits):
    """anibali/dsntnn: sums over the other axes, dot product with centres.

    ``flat_softmax`` and ``dsnt`` (``linear_expectation``).
    """
    probs = _flat_softmax(logits)
    axes = list(range(2, logits.dim()))
    coordinates = []
    for axis in reversed(axes):
        n = logits.shape[axis]
        centres = torch.linspace(
            -(n - 1) / n, (n - 1) / n, n, device=logits.device
        )
        line = probs
        for other in reversed(axes):
            if other != axis:
                line = line.sum(other, keepdim=True)
        coordinates.append((line.flatten(2) * centres).sum(-1))
    return torch.stack(coordinates, -1)


def plain(logits):
    """Our own formula by stock torch operators."""
    return F.vectors_to_coordinates(F.plain_marginals(logits))
