"""Derivatives, extremes and half precision of the integral."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from integral_mmpose.functional import (
    HeatVectors,
    debias,
    expectation,
    integral,
    log_marginals,
    marginals,
    softmax,
    spread_score,
)

SHAPES = [(1, 2, 3, 4, 5), (2, 3, 5, 7)]
LARGE = (2, 3, 8, 8, 8)


def sharp_debias(logits):
    logits = logits + 1  # above the background: the correction is in use
    return debias(integral(logits), logits)


def score(logits):
    return spread_score(marginals(logits))


FUNCTIONS = [
    integral,
    marginals,
    log_marginals,
    softmax,
    sharp_debias,
    score,
]


def as_tuple(function):

    def call(logits):
        result = function(logits)
        if isinstance(result, HeatVectors):
            return tuple(v for v in result if v is not None)
        return result

    return call


def random_logits(shape, seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64)
    return logits.to(dtype).requires_grad_()


@pytest.mark.parametrize('function', FUNCTIONS)
@pytest.mark.parametrize('shape', SHAPES)
def test_gradcheck(function, shape):
    logits = random_logits(shape, 0)
    assert gradcheck(as_tuple(function), (logits,))
    assert gradgradcheck(as_tuple(function), (logits,), fast_mode=True)


@pytest.mark.parametrize('shape', SHAPES)
def test_gradgradcheck_in_full(shape):
    assert gradgradcheck(integral, (random_logits(shape, 1),))


@pytest.mark.parametrize('function', FUNCTIONS)
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_gradcheck_of_a_larger_volume(function, seed):
    logits = random_logits(LARGE, seed)
    assert gradcheck(as_tuple(function), (logits,), fast_mode=True)


@pytest.mark.parametrize('function', FUNCTIONS)
def test_gradcheck_of_a_transposed_input(function):

    def transposed(logits):
        return as_tuple(function)(logits.transpose(-1, -2).transpose(0, 1))

    logits = random_logits((3, 2, 5, 7), 3)
    assert gradcheck(transposed, (logits,))


def test_gradcheck_of_expectation():
    vector = random_logits((2, 3, 5), 4)
    assert gradcheck(expectation, (vector,))
    assert gradgradcheck(expectation, (vector,))


def extremes(dtype, shape=(1, 2, 4, 5, 6)):
    """Maps of -6.5e4 and 6.5e4: all low, all high, one peak, one hole."""
    low = torch.full(shape, -6.5e4, dtype=dtype)
    peak = low.clone()
    peak[..., 1, 2, 3] = 6.5e4
    return [low, -low, peak, -peak]


@pytest.mark.parametrize(
    'dtype', [torch.float16, torch.bfloat16, torch.float32]
)
@pytest.mark.parametrize(
    'function', [*FUNCTIONS, lambda logits: debias(integral(logits), logits)]
)
def test_extremes_are_finite_with_their_gradients(function, dtype):
    for logits in extremes(dtype):
        logits.requires_grad_()
        result = as_tuple(function)(logits)
        result = result if isinstance(result, tuple) else (result,)
        assert all(r.isfinite().all() for r in result)
        sum((r * torch.rand_like(r)).sum() for r in result).backward()
        assert logits.grad.isfinite().all()


def test_extreme_values():
    low, high, peak, hole = (integral(e)[0, 0] for e in extremes(torch.half))
    assert peak.tolist() == [3, 2, 1]
    for even in (low, high):
        torch.testing.assert_close(even, torch.tensor([2.5, 2.0, 1.5]))
    others = (torch.tensor([2.5, 2.0, 1.5]) * 120 - peak) / 119
    torch.testing.assert_close(hole, others)
    # The hole's own plane is not empty; a whole empty plane stays finite.
    logits = torch.full((1, 1, 2, 3), -6.5e4)
    logits[..., 0] = 6.5e4
    log_x = log_marginals(logits).x
    assert log_x.flatten().tolist() == [0, -1.3e5, -1.3e5]
    assert marginals(logits).x.log().isinf().any()


@pytest.mark.parametrize(
    'dtype, tolerance', [(torch.float16, 0.01), (torch.bfloat16, 0.06)]
)
def test_half_precision_over_64_bins(dtype, tolerance, figure, autocast):
    """Against float64 of the same rounded logits, in and out of autocast."""
    logits = random_logits((1, 2, 64, 64, 64), 0, dtype).detach()
    logits[..., 40, 50, 60] += 14
    exact = integral(logits.double())
    what = f'64 bins in {dtype}'.replace('torch.', '')
    figure('R2', what, (integral(logits) - exact).abs().max(), tolerance)
    with autocast(dtype):
        error = (integral(logits) - exact).abs().max()
        figure('R2', f'{what}, autocast', error, tolerance)
        product = torch.ones(4, 4) @ torch.ones(4, 4)
    assert product.dtype == dtype  # autocast was really on
    # Negative control: the plain formula in this precision.
    probs = logits.flatten(2).softmax(-1).view_as(logits)
    bins = torch.arange(64, dtype=dtype)
    plain = torch.stack(
        [
            (probs.sum(axes) * bins).sum(-1)
            for axes in ((2, 3), (2, 4), (3, 4))
        ],
        -1,
    )
    error = (plain.double() - exact).abs().max()
    figure('R2', what, error, tolerance, upstream=True)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_log_marginals(dtype, figure, autocast):
    logits = random_logits((2, 3, 16, 16, 16), 0, dtype).detach() * 5
    exact = log_marginals(logits.double())
    with autocast(dtype):
        for got, expected in zip(log_marginals(logits), exact):
            error = (got - expected).abs().max()
            figure('R2', 'log heat vectors in autocast', error, 1e-4)


def test_gradient_reaches_half_precision_logits():
    logits = random_logits((1, 2, 8, 8), 0, torch.float16)
    integral(logits)[..., 0].sum().backward()
    exact = logits.detach().double().requires_grad_()
    integral(exact)[..., 0].sum().backward()
    assert logits.grad.dtype == torch.float16
    assert (logits.grad - exact.grad).abs().max() < 1e-3
