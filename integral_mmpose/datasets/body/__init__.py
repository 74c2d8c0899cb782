"""Data sets of bodies.

mmpose's inferencer takes the default detector from the first folder after
``datasets.`` in a data set's module path: `body` gets the person detector.
"""

from .camera_space import CameraSpaceAnnotations, CameraSpaceDataset
from .coco import CocoCheckedDataset
from .h36m import H36MImageDataset
from .mixed import MixedDataset
from .mpii import MpiiExactDataset

__all__ = [
    'CameraSpaceAnnotations',
    'CameraSpaceDataset',
    'CocoCheckedDataset',
    'H36MImageDataset',
    'MixedDataset',
    'MpiiExactDataset',
]
