"""Every loss, forward and backward, beside the mean squared error of torch.

The logits are (8, 18, 64, 64) and, as of a 3D model, (8, 18, 64, 64, 64). The
squared error is that of MMPose's KeypointMSELoss, to a target that is there
already: the losses here make theirs, on the device of the logits. Labels are
random, so that joints are outside of the window of LocalJointL1Loss.
"""

import common
import torch
from mmpose.registry import MODELS
from torch.nn.functional import mse_loss

from integral_mmpose import functional as F

SHAPES = {'2D': (8, 18, 64, 64), '3D': (8, 18, 64, 64, 64)}
ON_LOGITS = (
    *('VolumeMSELoss', 'VolumeCrossEntropyLoss', 'VolumeBCELoss'),
    *('VolumeJSLoss', 'MarginalMSELoss', 'MarginalCrossEntropyLoss'),
    *('MarginalJSLoss', 'LocalJointL1Loss', 'ExpectedErrorLoss'),
)
ON_JOINTS = ('JointL1Loss', 'JointL2Loss')
PEER = 'torch: mse_loss'


def step_of(function, logits):
    """Forward and backward into a fresh gradient."""

    def step():
        logits.grad = None
        function(logits).backward()

    return step


def functions_of(shape, labels):
    """Name -> function from logits to the loss."""
    target, weights = torch.zeros(shape), torch.ones_like(labels)
    sizes = F.map_sizes(target)

    def on_logits(loss):
        return lambda logits: loss(logits, labels, weights)

    def on_joints(loss):
        def function(logits):
            joints = F.bins_to_norm(F.integral(logits), sizes)
            return loss(joints, labels, weights)

        return function

    found = {PEER: lambda logits: mse_loss(logits, target)}
    for name in ON_LOGITS:
        found[name] = on_logits(MODELS.build(dict(type=name)))
    for name in ON_JOINTS:
        loss = MODELS.build(dict(type=name))
        found[f'integral and {name}'] = on_joints(loss)
    return found


def run(quick: bool) -> list:
    rows = []
    for kind, shape in SHAPES.items():
        if quick:
            shape = (1, *shape[1:])
        generator = torch.Generator().manual_seed(0)
        logits = torch.randn(shape, generator=generator).requires_grad_()
        labels = torch.rand(*shape[:2], len(shape) - 2, generator=generator)
        steps = {
            name: step_of(function, logits)
            for name, function in functions_of(shape, labels).items()
        }
        found = common.measure(steps, 2 if quick else 20)
        case = f'{kind} losses {shape}'
        rows += [common.row(case, n, found[n]) for n in found]
    return rows
