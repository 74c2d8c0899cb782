"""Human3.6M as images, exact MPII, their mixture, and what they need."""

from . import transforms  # noqa: F401  (registers the transforms)
from .body import H36MImageDataset, MixedDataset, MpiiExactDataset
from .samplers import SeededSampler, ShareBatchSampler

__all__ = [
    'H36MImageDataset',
    'MixedDataset',
    'MpiiExactDataset',
    'SeededSampler',
    'ShareBatchSampler',
]
