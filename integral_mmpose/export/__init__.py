"""Export models to ONNX and torch.export, to run them without MMPose."""

from integral_mmpose.inference.metadata import PoseMetadata

from .describe import describe_model
from .pose_graph import PoseGraph
from .verify import (
    MOST,
    Difference,
    compare,
    milliseconds,
    run_model,
    run_module,
)
from .writers import export_program, read_torch, write_onnx, write_torch

__all__ = [
    'MOST',
    'Difference',
    'PoseGraph',
    'PoseMetadata',
    'compare',
    'describe_model',
    'export_program',
    'milliseconds',
    'read_torch',
    'run_model',
    'run_module',
    'write_onnx',
    'write_torch',
]
