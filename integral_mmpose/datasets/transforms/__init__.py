"""Transforms that image -> 3D pose needs beside mmpose's."""

from ..seeding import SeedSample
from .augmentation import (
    OfficialBBoxTransform,
    RandomChannelScale,
    RandomHalfBody3D,
    UniformBBoxTransform,
)
from .joints import ConvertJoints
from .loading import LoadImageChecked
from .read_crop import IntegralReadImage, RandomFlipLabels, ReadCrop

__all__ = [
    'ConvertJoints',
    'ReadCrop',
    'LoadImageChecked',
    'OfficialBBoxTransform',
    'RandomChannelScale',
    'RandomFlipLabels',
    'RandomHalfBody3D',
    'IntegralReadImage',
    'SeedSample',
    'UniformBBoxTransform',
]
