"""Models as files that run without MMPose: ONNX and torch.export."""

from .metadata import PoseMetadata
from .onnx_model import OnnxPoseModel
from .pose_graph import PoseGraph
from .verify import Difference, compare, milliseconds, run_model, run_module
from .writers import export_program, read_torch, write_onnx, write_torch

__all__ = [
    'Difference',
    'OnnxPoseModel',
    'PoseGraph',
    'PoseMetadata',
    'compare',
    'export_program',
    'milliseconds',
    'read_torch',
    'run_model',
    'run_module',
    'write_onnx',
    'write_torch',
]
