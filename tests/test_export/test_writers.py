"""The written files give the numbers of the model at any batch size."""

import copy
import os
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch

from integral_mmpose.export import (
    PoseGraph,
    compare,
    describe_model,
    export_program,
    read_torch,
    run_module,
    write_onnx,
    write_torch,
    writers,
)
from integral_mmpose.inference import OnnxPoseModel
from integral_mmpose.inference.metadata import KEY, PoseMetadata

from .conftest import export


def check(models, write, kind, crops, tolerance, figure):
    """Batches of 1, 3 and 8."""
    actual = OnnxPoseModel(write(kind))
    expected = run_module(PoseGraph(models[kind]))
    found = compare(expected, actual, crops, actual.metadata, (1, 3, 8))
    what = f'ONNX Runtime, share of the range ({kind})'
    figure('R13', what, found.fraction, tolerance)
    assert found.score <= 1e-5


@pytest.mark.parametrize('kind', ['integral_3d', 'integral_2d'])
def test_onnx_at_other_batch_sizes(models, write, kind, crops, figure):
    check(models, write, kind, crops, 1e-5, figure)


@pytest.mark.slow
@pytest.mark.parametrize(
    'kind',
    [
        'debiased_2d',
        'argmax_2d',
        'argmax_3d',
        'marginal_argmax_3d',
        'multi_stage_3d',
        'direct_3d',
    ],
)
def test_onnx_of_every_method(models, write, kind, crops, figure):
    """1e-4, the tool's tolerance: debiasing divides by small numbers."""
    check(models, write, kind, crops, 1e-4, figure)


def test_the_file_is_whole_and_describes_itself(models, write):
    """Valid by ONNX's own checker, with a free batch axis and metadata."""
    path = write('integral_3d')
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path)
    shape = session.get_inputs()[0].shape
    assert isinstance(shape[0], str) and shape[1:] == [3, 64, 96]
    text = session.get_modelmeta().custom_metadata_map[KEY]
    assert PoseMetadata.from_json(text, path) == describe_model(
        models['integral_3d'], 'integral_3d.py'
    )


def test_the_file_holds_no_folder_of_this_machine(
    models, write, tmp_path, monkeypatch
):
    """Torch notes the stack of each node; control: without the removal."""
    folder = os.path.dirname(torch.__file__).encode()
    path = Path(write('integral_3d'))
    assert folder not in path.read_bytes()
    monkeypatch.setattr(writers, '_drop_traces', lambda _: None)
    noted = export(models['integral_3d'], tmp_path / 'noted.onnx')
    assert folder in Path(noted).read_bytes()


def test_half_keeps_the_integral_in_float32(models, write, crops):
    """Convolutions in half; no softmax, sum or mean after them is."""
    path = write('integral_3d', half=True)
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    values = [*graph.value_info, *graph.output]
    types = {v.name: v.type.tensor_type.elem_type for v in values}
    by_kind = {}
    for node in graph.node:
        by_kind.setdefault(node.op_type, set()).add(types[node.output[0]])
    half, single = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    assert by_kind['Conv'] == by_kind['ConvTranspose'] == {half}
    assert by_kind['Softmax'] == by_kind['ReduceSum'] == {single}
    model = OnnxPoseModel(path)
    expected = run_module(PoseGraph(models['integral_3d']))
    found = compare(expected, model, crops, model.metadata)
    assert model.metadata.half and 0 < found.fraction <= 1e-2


def test_the_opset_is_the_one_asked_for(models, tmp_path):
    path = export(models['integral_2d'], tmp_path / 'model.onnx', opset=18)
    opsets = {o.domain: o.version for o in onnx.load(path).opset_import}
    assert opsets[''] == 18


@pytest.mark.slow
def test_an_opset_that_cannot_be_written_is_named(models, tmp_path):
    path = tmp_path / 'model.onnx'
    with pytest.raises(ValueError, match='cannot write opset 5, only 18'):
        export(models['integral_2d'], path, opset=5)
    assert not path.exists()


def test_torch_file_at_other_batch_sizes(models, tmp_path, crops):
    model = models['integral_3d']
    path = tmp_path / 'model.pt2'
    metadata = describe_model(model, 'a.py')
    write_torch(export_program(PoseGraph(model)), str(path), metadata)
    module, found = read_torch(str(path))
    assert found == metadata
    expected, actual = run_module(PoseGraph(model)), run_module(module)
    found = compare(expected, actual, crops, metadata, (1, 3, 8))
    assert found.fraction <= 1e-6 and found.score <= 1e-6


def test_a_network_of_a_fixed_batch_size_is_told(models):
    """As windows of Swin, which divide by their number."""

    class Fixed(torch.nn.Module):
        def forward(self, x):
            return x.reshape(int(x.shape[0] / 1.0), *x.shape[1:])

    graph = PoseGraph(copy.deepcopy(models['integral_2d']))
    graph.model.backbone = torch.nn.Sequential(Fixed(), graph.model.backbone)
    with pytest.raises(ValueError, match='cannot trace .*Sequential.* batch'):
        export_program(graph)


def test_missing_packages_are_named(models, monkeypatch, tmp_path):
    monkeypatch.setattr(
        'integral_mmpose.export.writers.find_spec',
        lambda name: None if name == 'onnxscript' else name,
    )
    metadata = describe_model(models['integral_2d'], 'a.py')
    with pytest.raises(ImportError, match='onnxscript is not installed'):
        write_onnx(None, str(tmp_path / 'a.onnx'), metadata)


def test_the_graph_has_stock_operators_only_whatever_torchs_default(
    models, monkeypatch
):
    """torch 2.7 exports strictly by default, and then keeps our operator."""
    export = torch.export.export

    def strictly(*args, strict=True, **options):
        return export(*args, strict=strict, **options)

    monkeypatch.setattr(torch.export, 'export', strictly)
    program = export_program(PoseGraph(models['integral_3d']))
    assert 'integral_mmpose' not in str(program.graph)


def test_a_torch_that_cannot_write_onnx(models, tmp_path, monkeypatch):
    """torch 2.4's signature."""

    def old(model, args, f, export_params=True, opset_version=None):
        raise AssertionError

    monkeypatch.setattr(torch.onnx, 'export', old)
    with pytest.raises(ImportError, match='torch 2.5 or later'):
        export(models['integral_2d'], tmp_path / 'a.onnx')
