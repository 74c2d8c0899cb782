"""Inference with models of MMPose and MMDetection."""

from .detector import MMDetector, load_detector
from .heat_pictures import check_joints, heat_pictures
from .inferencer import IntegralPoseInferencer
from .person_boxes import DetectionFile, coco_detections, list_coco_images
from .pose_model import TopdownPoseModel, load_pose_model

__all__ = [
    'DetectionFile',
    'IntegralPoseInferencer',
    'MMDetector',
    'TopdownPoseModel',
    'check_joints',
    'coco_detections',
    'heat_pictures',
    'list_coco_images',
    'load_detector',
    'load_pose_model',
]
