"""Human3.6M images, exact MPII, checked COCO, mixtures, and their needs."""

from . import transforms  # noqa: F401  (registers the transforms)
from .body import (
    CameraSpaceAnnotations,
    CameraSpaceDataset,
    CocoCheckedDataset,
    H36MImageDataset,
    MixedDataset,
    MpiiExactDataset,
)
from .samplers import IntegralSeededSampler, ShareBatchSampler

__all__ = [
    'CameraSpaceAnnotations',
    'CameraSpaceDataset',
    'CocoCheckedDataset',
    'H36MImageDataset',
    'MixedDataset',
    'MpiiExactDataset',
    'IntegralSeededSampler',
    'ShareBatchSampler',
]
