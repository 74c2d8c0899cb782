"""R13, compile and export: the same numbers at every batch size."""

import pytest
import torch

from integral_mmpose.export import (
    PoseGraph,
    compare,
    describe_model,
    export_program,
    run_module,
)
from integral_mmpose.functional import integral
from tests.test_export.conftest import *  # noqa: F403
from tests.test_functional.test_fused import Integral

PROVED_BY = (
    'test_export/test_pose_graph.py::test_equals_the_test_step_of_mmpose',
    'test_export/test_writers.py',
    'test_functional/test_fused.py::test_compile_keeps_the_operator_of_volumes',
    'test_functional/test_fused.py'
    '::test_export_has_stock_operators_and_a_dynamic_batch',
    'test_functional/test_fused.py::test_onnx_at_another_batch_size',
)
CONTROLS = (
    'test_export/test_export_tool.py'
    '::test_a_difference_above_the_tolerance_fails',
    'test_export/test_verify.py::test_changed_weights_are_seen',
)


@pytest.mark.parametrize(
    'backend', ['aot_eager', pytest.param('inductor', marks=pytest.mark.slow)]
)
@pytest.mark.parametrize('shape', [(2, 3, 4, 5, 6), (2, 3, 5, 7)])
def test_compile_with_another_batch(backend, shape, figure):
    module = torch.compile(Integral(), backend=backend, dynamic=True)
    worst = 0.0
    for batch in (2, 5):
        logits = torch.randn(batch, *shape[1:], requires_grad=True)
        found, expected = module(logits), integral(logits)
        pairs = [(found, expected)]
        pairs += zip(
            torch.autograd.grad(found.square().sum(), logits),
            torch.autograd.grad(expected.square().sum(), logits),
        )
        for one, two in pairs:
            worst = max(worst, (one - two).abs().max().item())
    figure('R13', f'torch.compile, bins ({backend})', worst, 1e-5)
    torch._dynamo.reset()


@pytest.mark.parametrize(
    'kind',
    ['integral_3d', pytest.param('multi_stage_3d', marks=pytest.mark.slow)],
)
def test_export_with_another_batch(models, kind, crops, figure):
    """The whole model, from pixels to joints."""
    graph = PoseGraph(models[kind])
    program = export_program(graph).module()
    found = compare(
        run_module(graph),
        run_module(program),
        crops,
        describe_model(models[kind], 'a.py'),
        (1, 3, 8),
    )
    worst = max(found.fraction, found.std)
    figure('R13', 'torch.export, share of the range', worst, 1e-5)


def test_upstream_a_trace_keeps_its_batch():
    """Exported without a dynamic axis, another batch is refused."""
    logits = torch.randn(2, 3, 5, 7)
    program = torch.export.export(Integral(), (logits,)).module()
    with pytest.raises((AssertionError, RuntimeError)):
        program(torch.randn(5, 3, 5, 7))
