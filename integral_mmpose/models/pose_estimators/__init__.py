"""Pose estimators: MMPose's top-down model with channels-last weights."""

from .channels_last import ChannelsLastPoseEstimator

__all__ = ['ChannelsLastPoseEstimator']
