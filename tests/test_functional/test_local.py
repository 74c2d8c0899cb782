"""Local integral against a loop over cells, its limits, and hand values."""

import io
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from integral_mmpose.functional import (
    argmax,
    integral,
    local_integral,
    plain_marginals,
)

SHAPES = [(2, 3, 7, 9), (2, 3, 5, 6, 8)]


def by_loop(maps, radius, temperature):
    """Every cell of the window, one after the other, in Python's floats."""
    out = torch.zeros(*maps.shape[:2], maps.dim() - 2, dtype=torch.float64)
    for b, k in itertools.product(*map(range, maps.shape[:2])):
        one = maps[b, k]
        peak = [int(i) for i in (one == one.max()).nonzero()[0]]
        ranges = [
            range(max(c - radius, 0), min(c + radius + 1, n))
            for c, n in zip(peak, one.shape)
        ]
        total, sums = 0.0, [0.0] * one.dim()
        for cell in itertools.product(*ranges):
            weight = math.exp(float(one[cell]) / temperature)
            total += weight
            sums = [s + weight * i for s, i in zip(sums, cell)]
        coordinates = [s / total for s in reversed(sums)]
        out[b, k] = torch.tensor(coordinates, dtype=torch.float64)
    return out


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('radius', [0, 1, 2])
@pytest.mark.parametrize('temperature', [0.1, 1.0, 3.0])
def test_by_a_loop(shape, radius, temperature):
    torch.manual_seed(radius)
    maps = torch.rand(shape, dtype=torch.float64)
    # Maxima in the corners, too: the window is cut there.
    maps[0, 0].flatten()[0] = maps[0, 1].flatten()[-1] = 1.5
    got = local_integral(maps, radius, temperature)
    expected = by_loop(maps, radius, temperature)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('shape', SHAPES)
def test_its_limits_are_the_argmax_and_the_integral(shape):
    torch.manual_seed(0)
    maps = 3 * torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(local_integral(maps, 0), argmax(maps))
    torch.testing.assert_close(local_integral(maps, 2, 1e-300), argmax(maps))
    # Of a map whose maximum is in the middle the window is everything.
    maps = maps[..., :5, :5] if maps.dim() == 4 else maps[..., :5, :5, :5]
    maps[(..., *[2] * (maps.dim() - 2))] = 20
    torch.testing.assert_close(local_integral(maps, 2), integral(maps))
    torch.testing.assert_close(
        local_integral(maps, 2, 0.5), integral(maps / 0.5)
    )


def test_other_modes_and_the_background_do_not_pull():
    """The whole expectation lies between two modes, the local one in one."""
    maps = torch.zeros(1, 1, 16, 16)
    maps[0, 0, 4, 3:5] = 8.0
    maps[0, 0, 12, 12] = 7.9
    # The window is x 1 to 5, y 2 to 6: two cells of e^8, and 23 of 1, whose
    # sum of x is 3 * 25 - 3 - 4.
    x = (7 * math.exp(8) + 68) / (2 * math.exp(8) + 23)
    got = local_integral(maps, 2)[0, 0].tolist()
    assert got == pytest.approx([x, 4.0], abs=1e-5)
    assert local_integral(maps, 2, 0.1)[0, 0].tolist() == [3.5, 4.0]
    assert integral(maps)[0, 0, 1] > 6


def test_a_gaussian_of_h1_is_placed_between_the_cells():
    """Maps in [0, 1], T = 0.1: the argmax errs by up to half a bin."""
    torch.manual_seed(0)
    centre = 4 + 8 * torch.rand(1, 200, 2)
    grid = torch.arange(16.0)
    square = ((grid - centre[..., :1]) ** 2)[..., None, :]
    square = square + ((grid - centre[..., 1:]) ** 2)[..., None]
    maps = (-square / 2).exp()
    assert (local_integral(maps, 2, 0.1) - centre).abs().max() < 0.2
    assert (argmax(maps) - centre).abs().max() > 0.45


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_large_and_half_precision_maps(dtype):
    maps = torch.zeros(1, 1, 8, 8, dtype=dtype)
    maps[0, 0, 2, 3:5] = 3e4
    for temperature in (1e-30, 0.1, 1.0, 1e30):
        got = local_integral(maps, 1, temperature)
        assert got.dtype == torch.float32
        assert got.isfinite().all()
    assert local_integral(maps, 1, 0.1)[0, 0].tolist() == [3.5, 2.0]


def test_gradient():
    torch.manual_seed(0)
    maps = torch.randn(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda maps: local_integral(maps, 1, 0.7), (maps,)
    )
    local_integral(maps, 1).sum().backward()
    centre = argmax(maps)[0, 0].long()
    outside = [
        (y, x)
        for y, x in itertools.product(range(5), range(6))
        if max(abs(y - centre[1]), abs(x - centre[0])) > 1
    ]
    assert all(maps.grad[0, 0, y, x] == 0 for y, x in outside)


def test_a_tie_outside_the_window_has_no_gradient():
    """The argmax carries none, nor does the maximum that it finds."""
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 12, 12)
    maps[..., 2, 3] = maps[..., 9, 9] = 6.0
    maps.requires_grad_()
    local_integral(maps, 2, 0.7).sum().backward()
    assert maps.grad[..., :5, 1:6].any()
    assert not maps.grad[..., 5:, :].any()


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_the_lowest_temperatures_are_the_argmax(dtype):
    """Of a number that float32 takes for 0, too."""
    maps = torch.rand(1, 2, 6, 6, dtype=dtype, requires_grad=True)
    for temperature in (1e-46, 5e-324):
        got = local_integral(maps, 1, temperature)
        torch.testing.assert_close(got, argmax(maps))
        got.sum().backward()
        assert maps.grad.isfinite().all()
        assert not maps.grad.any()


class Local(torch.nn.Module):
    def forward(self, maps):
        return local_integral(maps, 1)


# The legacy exporter announces its end, and that shapes are read as numbers.
@pytest.mark.filterwarnings('ignore::DeprecationWarning')
@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
@pytest.mark.parametrize('shape', SHAPES)
def test_onnx_and_tracing(shape):
    """By TorchScript, and run at another batch size."""
    runtime = pytest.importorskip('onnxruntime', reason='needs onnxruntime')
    pytest.importorskip('onnx', reason='needs onnx')
    torch.manual_seed(0)
    maps, other = torch.randn(shape), torch.randn(5, *shape[1:])
    file = io.BytesIO()
    torch.onnx.export(
        Local(),
        (maps,),
        file,
        input_names=['maps'],
        output_names=['bins'],
        dynamic_axes=dict(maps={0: 'batch'}, bins={0: 'batch'}),
        dynamo=False,
    )
    session = runtime.InferenceSession(file.getvalue())
    (found,) = session.run(None, dict(maps=other.numpy()))
    expected = by_loop(other, 1, 1.0)
    assert abs(found - expected.numpy()).max() <= 1e-5
    traced = torch.jit.trace(Local(), maps)(other)
    torch.testing.assert_close(traced.double(), expected, atol=1e-5, rtol=0)


def test_errors():
    maps = torch.zeros(1, 1, 5, 9)
    local_integral(maps, 2)
    local_integral(maps, np.int64(2), Fraction(1, 3))
    with pytest.raises(ValueError, match='radius of at most 2'):
        local_integral(maps, 3)
    with pytest.raises(ValueError, match=r'\(9, 5\)'):
        local_integral(maps, 4)
    for temperature in (0, -1.0, float('nan'), float('inf')):
        with pytest.raises(ValueError, match='temperature must be positive'):
            local_integral(maps, 1, temperature)
    for radius in (-1, 1.5, None, True):
        with pytest.raises(ValueError, match='whole number of cells'):
            local_integral(maps, radius)
    with pytest.raises(ValueError, match='B, K, H, W'):
        local_integral(maps[0])


class NewTensors(TorchDispatchMode):
    """The sizes of tensors that are no views of the first one."""

    def __init__(self, maps):
        super().__init__()
        self.own, self.sizes = maps.data_ptr(), []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.data_ptr() != self.own:
            self.sizes.append(out.numel())
        return out


@pytest.mark.parametrize(
    ('read', 'copies'), [(local_integral, False), (plain_marginals, True)]
)
def test_the_volume_is_not_copied(read, copies):
    """The window has 125 of 4096 cells."""
    maps = torch.rand(2, 3, 16, 16, 16, requires_grad=True)
    with NewTensors(maps) as new:
        read(maps)
    assert (max(new.sizes) >= maps.numel()) == copies
