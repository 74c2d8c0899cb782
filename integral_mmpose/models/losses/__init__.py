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
from .local import LocalJointL1Loss
from .regularisers import MarginalJSLoss, VolumeJSLoss

__all__ = [
    'ExpectedErrorLoss',
    'JointL1Loss',
    'JointL2Loss',
    'LocalJointL1Loss',
    'MarginalCrossEntropyLoss',
    'MarginalJSLoss',
    'MarginalMSELoss',
    'VolumeBCELoss',
    'VolumeCrossEntropyLoss',
    'VolumeJSLoss',
    'VolumeMSELoss',
]
