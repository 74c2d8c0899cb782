"""Pose estimators, backbone parts, heads and losses, in MMPose's MODELS."""

from .backbones import HourglassStage, HourglassStem, IntegralResNetStage
from .heads import DirectRegressionHead, IntegralHead, IntegralMultiStageHead
from .losses import (
    JointL1Loss,
    JointL2Loss,
    MarginalCrossEntropyLoss,
    MarginalMSELoss,
    VolumeBCELoss,
    VolumeCrossEntropyLoss,
    VolumeMSELoss,
)
from .pose_estimators import ChannelsLastPoseEstimator

__all__ = [
    'ChannelsLastPoseEstimator',
    'DirectRegressionHead',
    'HourglassStage',
    'HourglassStem',
    'IntegralHead',
    'JointL1Loss',
    'JointL2Loss',
    'MarginalCrossEntropyLoss',
    'MarginalMSELoss',
    'IntegralMultiStageHead',
    'IntegralResNetStage',
    'VolumeBCELoss',
    'VolumeCrossEntropyLoss',
    'VolumeMSELoss',
]
