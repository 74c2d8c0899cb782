"""From an image to 2D or 3D poses."""

from .image_to_pose import (
    detect_persons,
    estimate_poses,
    load_boxes,
    load_detector,
    load_pose_model,
    poses_to_json,
    read_image,
)

__all__ = [
    'detect_persons',
    'estimate_poses',
    'load_boxes',
    'load_detector',
    'load_pose_model',
    'poses_to_json',
    'read_image',
]
