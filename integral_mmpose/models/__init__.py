"""Pose estimators, backbone parts, heads and losses, in MMPose's MODELS."""

from .backbones import *  # noqa: F403
from .heads import *  # noqa: F403
from .losses import *  # noqa: F403
from .pose_estimators import *  # noqa: F403
