"""Transforms that image -> 3D pose needs beside mmpose's."""

from .augmentation import (
    OfficialBBoxTransform,
    RandomChannelScale,
    RandomHalfBody3D,
    UniformBBoxTransform,
)
from .joints import ConvertJoints
from .loading import LoadImageChecked
from .seeding import SeedSample

__all__ = [
    'ConvertJoints',
    'LoadImageChecked',
    'OfficialBBoxTransform',
    'RandomChannelScale',
    'RandomHalfBody3D',
    'SeedSample',
    'UniformBBoxTransform',
]
