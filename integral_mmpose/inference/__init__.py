"""From an image to 2D or 3D poses."""

from .boxes import load_boxes
from .camera import Camera, CameraReader
from .detector import detect_batch, load_detector, person_label
from .images import as_bgr, read_image
from .inferencer import IntegralPoseInferencer
from .inputs import list_images, open_source
from .person_boxes import DetectionFile, coco_detections, list_coco_images
from .pose_model import (
    Pose,
    TopdownPoseModel,
    load_pose_model,
    onnx_pose_model,
)
from .results import UNITS, unique_stem

__all__ = [
    'UNITS',
    'Camera',
    'CameraReader',
    'DetectionFile',
    'IntegralPoseInferencer',
    'Pose',
    'TopdownPoseModel',
    'as_bgr',
    'coco_detections',
    'detect_batch',
    'list_coco_images',
    'list_images',
    'load_boxes',
    'load_detector',
    'load_pose_model',
    'onnx_pose_model',
    'open_source',
    'person_label',
    'read_image',
    'unique_stem',
]
