"""Transforms that image -> 3D pose needs beside mmpose's."""

from .augmentation import (
    OfficialBBoxTransform,
    RandomChannelScale,
    RandomHalfBody3D,
    UniformBBoxTransform,
)
from .decode_crop import DecodeCrop, RandomFlipLabels, ReadImage
from .joints import ConvertJoints
from .loading import LoadImageChecked
from .seeding import SeedSample

__all__ = [
    'ConvertJoints',
    'DecodeCrop',
    'LoadImageChecked',
    'OfficialBBoxTransform',
    'RandomChannelScale',
    'RandomFlipLabels',
    'RandomHalfBody3D',
    'ReadImage',
    'SeedSample',
    'UniformBBoxTransform',
]
