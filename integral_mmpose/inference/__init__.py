"""2D and 3D poses of images and videos, without torch and MMPose.

``integral_mmpose.apis`` runs MMPose models and MMDetection detectors.
"""

from integral_mmpose.geometry import UNITS, Person

from .box_files import load_boxes
from .cameras import Camera, CameraReader
from .find_people import ImageResult
from .images import as_bgr, read_image
from .inferencer import PoseInferencer
from .onnx_model import OnnxPoseModel, Pose
from .sources import list_images, open_source
from .yolox import YoloxDetector

__all__ = [
    'UNITS',
    'Camera',
    'CameraReader',
    'ImageResult',
    'OnnxPoseModel',
    'Person',
    'Pose',
    'PoseInferencer',
    'YoloxDetector',
    'as_bgr',
    'list_images',
    'load_boxes',
    'open_source',
    'read_image',
]
