"""Write a pose graph as ONNX or as torch's ExportedProgram."""

import io
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from inspect import signature
from itertools import chain
from typing import TYPE_CHECKING, Optional, Tuple

import torch
from torch import nn

from integral_mmpose.files import write_atomically
from integral_mmpose.inference.metadata import (
    INPUT,
    KEY,
    OUTPUTS,
    STD,
    PoseMetadata,
)

from .pose_graph import PoseGraph

if TYPE_CHECKING:
    from torch.export import ExportedProgram


def export_program(graph: PoseGraph) -> 'ExportedProgram':
    """Trace a graph with a variable batch size.

    Returns:
        ExportedProgram: From crops (N, 3, H, W) to keypoints and scores.

    Raises:
        ImportError: If torch is older than 2.2, which trains but has no
            ``torch.export.Dim``.
        ValueError: If the network computes with the batch size as a number.
    """
    from torch.export import Dim

    width, height = graph.model.head.decoder.input_size
    # Strict, which torch 2.7 is by default, keeps our operator in the graph;
    # torch 2.2 does not know the word.
    known = signature(torch.export.export).parameters
    options = dict(strict=False) if 'strict' in known else {}
    # Two: torch.export takes a size of 0 or 1 for a constant.
    crops = torch.zeros(2, 3, height, width)
    with torch.no_grad(), _without_warnings_of_torch():
        try:
            return torch.export.export(
                graph, (crops,), dynamic_shapes=({0: Dim('batch')},), **options
            )
        except torch._dynamo.exc.UserError as error:
            backbone = type(graph.model.backbone).__name__
            reason = str(error).splitlines()[0].rstrip('.')
            raise ValueError(
                f'torch.export cannot trace this model ({backbone}) for any '
                f'batch size: {reason}. Export a model with another backbone.'
            ) from error


def write_onnx(
    program: 'ExportedProgram',
    path: str,
    metadata: PoseMetadata,
    opset: Optional[int] = None,
) -> None:
    """Write an ONNX file whose metadata describes the model.

    By default torch chooses the opset.

    Raises:
        ImportError: If onnx or onnxscript is not installed, or torch is
            older than 2.5.
        ValueError: If torch and onnx cannot write that opset.
    """
    missing = [n for n in ('onnx', 'onnxscript') if find_spec(n) is None]
    if missing:
        raise ImportError(
            f'{" and ".join(missing)} is not installed: '
            'pip install onnx onnxscript onnxruntime'
        )
    if 'dynamo' not in signature(torch.onnx.export).parameters:
        raise ImportError(
            f'torch {torch.__version__} cannot write ONNX from a '
            'torch.export program: install torch 2.5 or later'
        )
    count = len(program.graph_signature.user_outputs)
    with torch.no_grad(), _without_warnings_of_torch():
        onnx_program = torch.onnx.export(
            program,
            dynamo=True,
            input_names=[INPUT],
            output_names=[*OUTPUTS, STD][:count],
            opset_version=opset,
            verbose=False,
        )
    written = onnx_program.model.opset_imports['']
    # A conversion that fails is only logged.
    if opset not in (None, written):
        raise ValueError(
            f'{path}: torch cannot write opset {opset}, only {written}: omit '
            'the opset'
        )
    onnx_program.model.metadata_props[KEY] = metadata.to_json()
    proto = onnx_program.model_proto
    _drop_traces(proto.graph)
    write_atomically(path, proto.SerializeToString())


def _drop_traces(graph) -> None:
    """Remove torch's notes on each node: code and folders of this machine."""
    parts = (graph.node, graph.input, graph.output, graph.value_info)
    for part in (graph, *chain(*parts)):
        part.ClearField('metadata_props')


def write_torch(
    program: 'ExportedProgram', path: str, metadata: PoseMetadata
) -> None:
    """Write a .pt2 file for ``torch.export.load``.

    The metadata is its extra file :data:`KEY`.
    """
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={KEY: metadata.to_json()})
    write_atomically(path, buffer.getvalue())


def read_torch(path: str) -> Tuple[nn.Module, PoseMetadata]:
    """Read a .pt2 file: crops (N, 3, H, W) -> keypoints, scores.

    Raises:
        ValueError: If the file is not of this package.
    """
    entries = {KEY: ''}
    with _without_warnings_of_torch():
        program = torch.export.load(path, extra_files=entries)
    return program.module(), PoseMetadata.from_json(entries[KEY], path)


@contextmanager
def _without_warnings_of_torch():
    """Ignore the warnings of torch's exporters about torch itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'The given buffer is not writable')
        warnings.simplefilter('ignore', FutureWarning)
        warnings.simplefilter('ignore', DeprecationWarning)
        yield
