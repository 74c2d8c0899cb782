"""Heads and losses, registered into MMPose's MODELS."""

from .heads import DirectRegressionHead, IntegralHead
from .losses import (
    JointL1Loss,
    JointL2Loss,
    MarginalCrossEntropyLoss,
    MarginalMSELoss,
    VolumeBCELoss,
    VolumeCrossEntropyLoss,
    VolumeMSELoss,
)

__all__ = [
    'DirectRegressionHead',
    'IntegralHead',
    'JointL1Loss',
    'JointL2Loss',
    'MarginalCrossEntropyLoss',
    'MarginalMSELoss',
    'VolumeBCELoss',
    'VolumeCrossEntropyLoss',
    'VolumeMSELoss',
]
