"""Backbone parts, heads and losses, registered into MMPose's MODELS."""

from .backbones import HourglassStage, HourglassStem, ResNetStage
from .heads import DirectRegressionHead, IntegralHead, MultiStageHead
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
    'HourglassStage',
    'HourglassStem',
    'IntegralHead',
    'JointL1Loss',
    'JointL2Loss',
    'MarginalCrossEntropyLoss',
    'MarginalMSELoss',
    'MultiStageHead',
    'ResNetStage',
    'VolumeBCELoss',
    'VolumeCrossEntropyLoss',
    'VolumeMSELoss',
]
