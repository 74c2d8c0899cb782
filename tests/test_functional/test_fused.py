"""The operator against the plain form, float64, loops and torch's checks."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch.autograd import gradcheck, gradgradcheck

from integral_mmpose.functional import (
    expectation,
    fused,
    fused_kernels,
    integral,
    log_marginals,
    marginals,
    plain_marginals,
    vectors_to_coordinates,
)

VOLUMES = [(2, 3, 4, 5, 6), (2, 3, 1, 4, 5)]
SHAPES = [*VOLUMES, (3, 2, 5, 7), (1, 1, 1, 1)]
pytestmark = pytest.mark.skipif(
    not fused.AVAILABLE, reason='torch has no torch.library.custom_op'
)


def random_logits(shape, dtype=torch.float64, scale=3.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (scale * logits).to(dtype)


def vectors_and_gradient(function, logits, seed=1):
    """Heat vectors, and the gradient of a random combination of them."""
    logits = logits.detach().requires_grad_()
    generator = torch.Generator().manual_seed(seed)
    vectors = [v for v in function(logits) if v is not None]
    loss = sum(
        (torch.randn(v.shape, generator=generator).to(v.dtype) * v).sum()
        for v in vectors
    )
    loss.backward()
    return [*(v.detach() for v in vectors), logits.grad]


def by_a_loop(logits):
    """Heat vectors of (B, K, D, H, W) logits, a cell at a time."""
    batch, joints, *sizes = logits.shape
    vectors = [np.zeros((batch, joints, n)) for n in reversed(sizes)]
    for b in range(batch):
        for k in range(joints):
            weights = np.exp(logits[b, k].double().numpy())
            total = weights.sum()
            for (z, y, x), weight in np.ndenumerate(weights):
                for vector, at in zip(vectors, (x, y, z)):
                    vector[b, k, at] += weight / total
    return vectors


def test_serves_no_other_device():
    assert fused.serves(torch.zeros(1, 1, 2, 2, 2))
    assert not fused.serves(torch.zeros(1, 1, 2, 2))
    assert not fused.serves(torch.zeros(1, 1, 2, 2, 2, device='meta'))


@pytest.mark.parametrize('cells', [1, 120, 300, 2**19])
def test_a_naive_loop_whatever_the_blocks(monkeypatch, cells):
    """120 cells are one joint, 300 two of three, 2^19 the whole batch."""
    monkeypatch.setattr(fused_kernels, 'BLOCK_CELLS', cells)
    logits = random_logits((2, 3, 4, 5, 6))
    for got, expected in zip(fused.heat_vectors(logits), by_a_loop(logits)):
        assert np.abs(got.numpy() - expected).max() <= 1e-14
    got, expected = (
        vectors_and_gradient(f, logits) for f in (marginals, plain_marginals)
    )
    for a, b in zip(got, expected):
        assert (a - b).abs().max() <= 1e-14


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize(
    'dtype, tolerance',
    [
        (torch.float64, 1e-14),
        (torch.float32, 2e-6),
        (torch.bfloat16, 2e-6),
        (torch.float16, 2e-6),
    ],
)
def test_equals_the_plain_form_in_float64(shape, dtype, tolerance):
    logits = random_logits(shape, dtype)
    *got, gradient = vectors_and_gradient(marginals, logits)
    *expected, slope = vectors_and_gradient(plain_marginals, logits.double())
    for a, b in zip(got, expected):
        assert a.dtype == torch.promote_types(dtype, torch.float32)
        assert (a - b).abs().max() <= tolerance
    assert gradient.dtype == dtype
    # The gradient is rounded to the type of the logits, once.
    rounding = torch.finfo(dtype).eps * slope.abs() + 2 * tolerance
    assert ((gradient - slope).abs() <= rounding).all()


def test_more_exact_than_torch_softmax():
    """Over 64^3 cells torch's float32 softmax errs by 2e-4 bins or more."""
    logits = random_logits((1, 2, 64, 64, 64), torch.float32, scale=5.0)
    exact = vectors_to_coordinates(plain_marginals(logits.double()))
    plain = vectors_to_coordinates(plain_marginals(logits))
    assert (integral(logits) - exact).abs().max() <= 2e-5
    assert (integral(logits) - exact).abs().max() <= (
        plain - exact
    ).abs().max()
    got = vectors_and_gradient(marginals, logits)[-1]
    expected = vectors_and_gradient(plain_marginals, logits.double())[-1]
    assert (got - expected).abs().max() <= 1e-6 * expected.abs().max()


@pytest.mark.parametrize('offset', [-1e4, 0.0, 1e4])
def test_extreme_logits(offset):
    logits = random_logits((2, 3, 4, 5, 6), torch.float32) + offset
    got = vectors_and_gradient(marginals, logits)
    expected = vectors_and_gradient(plain_marginals, logits.double())
    for a, b in zip(got, expected):
        assert (a - b).abs().max() <= 5e-6
    peak = torch.full((1, 2, 3, 4, 5), -1e4)
    peak[..., 2, 1, 3] = 1e4
    *vectors, gradient = vectors_and_gradient(marginals, peak)
    assert [int(v[0, 0].argmax()) for v in vectors] == [3, 1, 2]
    assert all(v.max() == 1 for v in vectors)
    assert torch.isfinite(gradient).all()
    equal = integral(torch.full((1, 2, 3, 4, 5), offset))
    assert (equal - torch.tensor([2.0, 1.5, 1.0])).abs().max() <= 1e-6


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
def test_what_is_not_finite_stays_so(bad):
    logits = torch.zeros(1, 2, 3, 4, 5)
    logits[0, 1, 0, 0, 0] = bad
    vectors = marginals(logits)
    for vector in vectors:
        assert torch.isfinite(vector[0, 0]).all()
        assert torch.isnan(vector[0, 1]).any()


@pytest.mark.parametrize('shape', VOLUMES)
def test_layouts_keep_their_strides(shape):
    logits = random_logits(shape)
    expected = vectors_and_gradient(plain_marginals, logits)
    layouts = (
        logits.movedim(1, -1).contiguous().movedim(-1, 1),  # channels_last
        logits.transpose(-1, -2).contiguous().transpose(-1, -2),
        torch.stack([logits, logits], -1)[..., 0],
        logits.flip(-1).contiguous().flip(-1),
    )
    for layout in layouts:
        got = vectors_and_gradient(marginals, layout)
        for a, b in zip(got, expected):
            assert (a - b).abs().max() <= 1e-14
        assert got[-1].stride() == torch.empty_like(layout).stride()
    once = logits[:1, :1].expand(shape)
    assert torch.equal(marginals(once).y, marginals(once.contiguous()).y)


def test_large_gradients_take_the_other_allocation(monkeypatch):
    logits = random_logits((2, 3, 4, 5, 6))
    layout = logits.movedim(1, -1).contiguous().movedim(-1, 1)
    expected = vectors_and_gradient(plain_marginals, logits)[-1]
    monkeypatch.setattr(fused_kernels, 'HUGE_BYTES', 0)
    for case in (logits, layout, logits.bfloat16()):
        gradient = vectors_and_gradient(marginals, case)[-1]
        assert gradient.dtype == case.dtype
        assert gradient.stride() == case.stride()
        limit = 0.05 if case.dtype == torch.bfloat16 else 1e-14
        assert (gradient - expected).abs().max() <= limit
        assert gradient.add_(1).clone().shape == case.shape


@pytest.mark.parametrize('empty', [(0, 3, 4, 5, 6), (2, 0, 4, 5)])
def test_empty_batches(empty):
    *vectors, gradient = vectors_and_gradient(marginals, torch.zeros(empty))
    assert [v.shape[:2] for v in vectors] == [empty[:2]] * (len(empty) - 2)
    assert gradient.shape == empty


@pytest.mark.parametrize('shape', VOLUMES)
def test_first_and_second_derivatives(shape):
    logits = random_logits(shape, scale=1.0).requires_grad_()
    assert gradcheck(fused.heat_vectors, logits)
    assert gradgradcheck(fused.heat_vectors, logits)


def test_transforms_and_forward_mode_take_the_plain_form():
    logits = random_logits((1, 2, 3, 4))
    jacobian = torch.autograd.functional.jacobian(integral, logits)
    assert torch.allclose(torch.func.jacrev(integral)(logits), jacobian)
    assert torch.allclose(torch.func.jacfwd(integral)(logits), jacobian)
    batched = torch.func.vmap(integral)(torch.stack([logits, 2 * logits]))
    assert torch.allclose(batched[1], integral(2 * logits))


@pytest.mark.parametrize('shape', SHAPES)
def test_one_vector_alone(shape):
    """The gradients of the other vectors are absent."""
    for axis in range(len(shape) - 2):
        gradients = []
        for function in (marginals, plain_marginals):
            logits = random_logits(shape).requires_grad_()
            function(logits)[axis].square().sum().backward()
            gradients.append(logits.grad)
        assert (gradients[0] - gradients[1]).abs().max() <= 1e-14


def test_what_a_gpu_runs_compiled_here():
    """The kernels of a GPU have no blocks; torch.compile makes them."""
    forward, backward = (
        fused._compiled(getattr(fused_kernels, f'{name}_at_once'))
        for name in ('forward', 'backward')
    )
    for shape in VOLUMES:
        logits = random_logits(shape, torch.float32)
        x, y, z, peak, total = forward(logits)
        expected = plain_marginals(logits.double().requires_grad_())
        for got, vector in zip((x, y, z), expected):
            assert (got - vector).abs().max() <= 2e-6
        slopes = [random_logits(v.shape, seed=3).float() for v in (x, y, z)]
        gradient = gradient_of(logits, slopes)
        inner = sum((g * v).sum(-1) for g, v in zip(slopes, (x, y, z)))
        slopes[2] = slopes[2] - inner[..., None]
        found = backward(logits, peak, *(g / total[..., None] for g in slopes))
        assert (found - gradient).abs().max() <= 1e-5
    torch._dynamo.reset()


def gradient_of(logits, slopes):
    """d sum(slopes * vectors) / d logits in float64, by the plain form."""
    logits = logits.double().requires_grad_()
    vectors = plain_marginals(logits)
    sum((g.double() * v).sum() for g, v in zip(slopes, vectors)).backward()
    return logits.grad


def test_a_failed_compilation_is_said_and_survived(monkeypatch):
    def fail(function, **_):
        def run(*_):
            raise torch._dynamo.exc.TorchDynamoException('no Triton\nhere')

        return run

    monkeypatch.setattr(torch, 'compile', fail)
    run = fused._compiled(fused_kernels.forward_at_once)
    logits = random_logits(VOLUMES[0])
    with pytest.warns(UserWarning, match='slower: no Triton'):
        x = run(logits)[0]
    assert torch.equal(x, fused_kernels.forward_at_once(logits)[0])
    run(logits)  # silent now: pytest makes warnings errors


def test_opcheck():
    for shape in VOLUMES:
        logits = random_logits(shape).requires_grad_()
        torch.library.opcheck(torch.ops.integral_mmpose.marginals, (logits,))
        _, _, _, peak, _ = fused_kernels.forward_in_blocks(logits.detach())
        slopes = [torch.ones(*shape[:2], n) for n in reversed(shape[2:])]
        torch.library.opcheck(
            torch.ops.integral_mmpose.marginals_backward,
            (logits.detach(), peak, *(s.double() for s in slopes)),
        )


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_autocast_does_not_lower_it(dtype):
    logits = random_logits((2, 3, 8, 9, 10), dtype)
    expected = vectors_and_gradient(marginals, logits)
    with torch.autocast('cpu', torch.bfloat16):
        got = vectors_and_gradient(marginals, logits)
    for a, b in zip(got, expected):
        assert torch.equal(a, b)


def test_is_deterministic():
    logits = random_logits((4, 5, 8, 9, 10), torch.float32)
    first = vectors_and_gradient(marginals, logits)
    for a, b in zip(first, vectors_and_gradient(marginals, logits)):
        assert torch.equal(a, b)


def test_nothing_of_the_size_of_the_logits_is_saved():
    logits = random_logits((2, 3, 16, 16, 16)).requires_grad_()
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: saved.append(t) or t, lambda t: t
    ):
        integral(logits)
    others = [t for t in saved if t.data_ptr() != logits.data_ptr()]
    assert sum(t.numel() for t in others) <= 0.06 * logits.numel()


def operators(graph):
    return [str(node.target) for node in graph.nodes]


@pytest.mark.parametrize('shape', (VOLUMES[0], SHAPES[2]))
def test_compile_keeps_the_operator_of_volumes(shape):
    from functorch.compile import make_boxed_func
    from torch._dynamo.backends.common import aot_autograd

    graphs = []

    def keep(module, inputs):
        graphs.append(module.graph)
        return make_boxed_func(module)

    backend = aot_autograd(fw_compiler=keep, bw_compiler=keep)
    compiled = torch.compile(integral, backend=backend, fullgraph=True)
    logits = random_logits(shape).requires_grad_()
    out = compiled(logits)
    assert torch.allclose(out, integral(logits), atol=1e-14)
    (gradient,) = torch.autograd.grad(out.square().sum(), logits)
    (expected,) = torch.autograd.grad(integral(logits).square().sum(), logits)
    assert torch.allclose(gradient, expected, atol=1e-14)
    forward, backward = graphs
    is_volume = len(shape) == 5
    names = ('marginals', 'marginals_backward')
    for graph, name in zip((forward, backward), names):
        found = [o for o in operators(graph) if 'integral_mmpose' in o]
        assert found == [f'integral_mmpose.{name}.default'] * is_volume
    torch._dynamo.reset()


@pytest.mark.parametrize('shape', (VOLUMES[0], SHAPES[2]))
def test_compiled_transforms_have_their_tangents(shape):
    """The operator would make them zero, without a word."""
    logits, tangent = random_logits(shape), random_logits(shape)
    delta = 1e-6
    expected = integral(logits + delta * tangent)
    expected = (expected - integral(logits - delta * tangent)) / (2 * delta)

    def push(logits):
        return torch.func.jvp(integral, (logits,), (tangent,))[1]

    compiled = torch.compile(push, backend='aot_eager', fullgraph=True)
    assert expected.abs().max() > 1e-3
    assert torch.allclose(compiled(logits), expected, atol=1e-7)
    torch._dynamo.reset()


class Integral(torch.nn.Module):
    def forward(self, logits):
        return integral(logits)


def test_export_has_stock_operators_and_a_dynamic_batch():
    batch = torch.export.Dim('batch', min=2, max=64)
    program = torch.export.export(
        Integral(),
        (random_logits((2, 3, 4, 5, 6), torch.float32),),
        dynamic_shapes=dict(logits={0: batch}),
    )
    assert not [o for o in operators(program.graph) if 'integral_mmpose' in o]
    other = random_logits((5, 3, 4, 5, 6), torch.float32)
    found = program.module()(other)
    assert (found - integral(other)).abs().max() <= 1e-5


# The legacy exporter announces its end, and that shapes are read as numbers.
@pytest.mark.filterwarnings('ignore::DeprecationWarning')
@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
def test_onnx_at_another_batch_size():
    runtime = pytest.importorskip('onnxruntime', reason='needs onnxruntime')
    pytest.importorskip('onnx', reason='needs onnx')
    file = io.BytesIO()
    torch.onnx.export(
        Integral(),
        (random_logits((2, 3, 4, 5, 6), torch.float32),),
        file,
        input_names=['logits'],
        output_names=['bins'],
        dynamic_axes=dict(logits={0: 'batch'}, bins={0: 'batch'}),
        dynamo=False,
    )
    session = runtime.InferenceSession(file.getvalue())
    other = random_logits((5, 3, 4, 5, 6), torch.float32, seed=7)
    (found,) = session.run(None, dict(logits=other.numpy()))
    expected = vectors_to_coordinates(plain_marginals(other.double()))
    assert np.abs(found - expected.numpy()).max() <= 1e-4


def test_the_log_form_agrees():
    logits = random_logits((2, 3, 4, 5, 6))
    for log, vector in zip(log_marginals(logits), marginals(logits)):
        assert torch.allclose(log.exp(), vector, atol=1e-14)
    assert expectation(marginals(logits).x).shape == (2, 3)


def network():
    """A convolution and the integral; the same on every rank."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), Integral())


def train_step(model, images):
    model(images).square().sum().backward()


def run_rank(rank, folder):
    """One rank: the gradients averaged by DDP go into a file of its own."""
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2
    )
    model = network()
    images = random_logits((6, 3, 5, 7), torch.float32)
    parallel = torch.nn.parallel.DistributedDataParallel(model)
    train_step(parallel, images[3 * rank : 3 * rank + 3])
    np.save(f'{folder}/{rank}.npy', model[0].weight.grad.numpy())
    dist.destroy_process_group()


@pytest.mark.dist
@pytest.mark.slow  # three imports of all packages, 24 s on a busy machine
def test_two_ranks_have_the_gradient_of_one(tmp_path):
    ranks = [
        subprocess.Popen([sys.executable, __file__, str(rank), str(tmp_path)])
        for rank in range(2)
    ]
    assert [rank.wait(timeout=600) for rank in ranks] == [0, 0]
    model = network()
    train_step(model, random_logits((6, 3, 5, 7), torch.float32))
    for rank in range(2):
        found = np.load(tmp_path / f'{rank}.npy')
        # DDP averages over the ranks what one process sums.
        expected = model[0].weight.grad.numpy() / 2
        assert np.abs(found - expected).max() <= 1e-5


if __name__ == '__main__':
    run_rank(int(sys.argv[1]), sys.argv[2])
    sys.stdout.flush()
    os._exit(0)  # a thread of gloo aborts the teardown now and then
