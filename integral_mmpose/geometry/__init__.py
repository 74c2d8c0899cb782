"""Cameras, boxes, depth and alignment.

numpy only: the alignment takes tensors too, without importing torch first.
"""

from .align import (
    PCK_THRESHOLDS,
    joint_distances,
    mean_pck,
    pck_curve,
    rigid_align,
    root_align,
    similarity_align,
)
from .calibrated_camera import CalibratedCamera
from .camera import (
    BOX_MM,
    TIGHT_PADDING,
    back_project,
    box_side_px,
    project,
    root_depth_from_box,
    tight_to_box_px,
    weak_perspective_mm,
)
from .check import (
    check_choice,
    check_counts,
    check_finite,
    check_shape,
    is_count,
    is_number,
    is_positive,
    is_tensor,
)
from .depth import DEPTH_RANGE_MM, DEPTH_UNITS, mm_to_norm, norm_to_mm
from .person import UNITS, Person

__all__ = [
    'BOX_MM',
    'CalibratedCamera',
    'DEPTH_RANGE_MM',
    'DEPTH_UNITS',
    'PCK_THRESHOLDS',
    'Person',
    'TIGHT_PADDING',
    'UNITS',
    'back_project',
    'box_side_px',
    'check_choice',
    'check_counts',
    'check_finite',
    'check_shape',
    'is_count',
    'is_number',
    'is_positive',
    'is_tensor',
    'joint_distances',
    'mean_pck',
    'mm_to_norm',
    'norm_to_mm',
    'pck_curve',
    'project',
    'rigid_align',
    'root_align',
    'root_depth_from_box',
    'similarity_align',
    'tight_to_box_px',
    'weak_perspective_mm',
]
