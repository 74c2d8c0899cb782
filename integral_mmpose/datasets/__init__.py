"""Human3.6M images, exact MPII, checked COCO, mixtures, and their needs."""

from importlib.util import find_spec

if find_spec('mmpose'):  # the joints and files are read without it, too
    from . import transforms  # noqa: F401  (registers the transforms)
    from .body.camera_space import CameraSpaceAnnotations, CameraSpaceDataset
    from .body.coco import CocoCheckedDataset
    from .body.h36m import H36MImageDataset
    from .body.mixed import MixedDataset
    from .body.mpii import MpiiExactDataset
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
