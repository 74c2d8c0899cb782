"""From an image to 2D or 3D poses."""

from .image_to_pose import (
    detect_persons,
    estimate_poses,
    load_boxes,
    load_detector,
    load_pose_model,
    person_label,
    poses_to_json,
    read_image,
)
from .person_boxes import (
    DetectionFile,
    coco_detections,
    detect_batch,
    list_coco_images,
)

__all__ = [
    'DetectionFile',
    'coco_detections',
    'detect_batch',
    'detect_persons',
    'estimate_poses',
    'list_coco_images',
    'load_boxes',
    'load_detector',
    'load_pose_model',
    'person_label',
    'poses_to_json',
    'read_image',
]
