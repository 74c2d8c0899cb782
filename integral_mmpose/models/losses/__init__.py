"""Registered losses over :mod:`integral_mmpose.functional.errors`."""

from .expected import ExpectedErrorLoss
from .heatmap import (
    MarginalCrossEntropyLoss,
    MarginalMSELoss,
    VolumeBCELoss,
    VolumeCrossEntropyLoss,
    VolumeMSELoss,
)
from .joint import JointL1Loss, JointL2Loss

__all__ = [
    'ExpectedErrorLoss',
    'JointL1Loss',
    'JointL2Loss',
    'MarginalCrossEntropyLoss',
    'MarginalMSELoss',
    'VolumeBCELoss',
    'VolumeCrossEntropyLoss',
    'VolumeMSELoss',
]
