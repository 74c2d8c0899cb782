"""Registered losses over :mod:`integral_mmpose.functional.errors`."""

from .heatmap import (
    MarginalCrossEntropyLoss,
    MarginalJSLoss,
    MarginalMSELoss,
    VolumeBCELoss,
    VolumeCrossEntropyLoss,
    VolumeJSLoss,
    VolumeMSELoss,
)
from .joint import (
    ExpectedErrorLoss,
    JointL1Loss,
    JointL2Loss,
    LocalJointL1Loss,
)

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
