"""Integral regression against naive loops, gradcheck and known formulas."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from integral_mmpose import functional as F

# Sizes are pairwise different and larger than 1, so that axes cannot be
# exchanged unseen.
SHAPES = [(2, 3, 5, 7), (2, 3, 4, 5, 7)]


def random_logits(shape, seed=0, dtype=torch.float64, scale=2.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype) * scale


def naive_integral(logits):
    """Eq. 2 to 4, cell by cell, in Python floats."""
    volume = logits if logits.dim() == 5 else logits[:, :, None]
    result = torch.zeros(*logits.shape[:2], 3, dtype=torch.float64)
    for b in range(volume.shape[0]):
        for k in range(volume.shape[1]):
            cells = volume[b, k].tolist()
            top = max(v for plane in cells for row in plane for v in row)
            total, sums = 0.0, [0.0, 0.0, 0.0]
            for z, plane in enumerate(cells):
                for y, row in enumerate(plane):
                    for x, value in enumerate(row):
                        p = math.exp(value - top)
                        total += p
                        sums = [
                            sums[0] + p * x,
                            sums[1] + p * y,
                            sums[2] + p * z,
                        ]
            result[b, k] = torch.tensor(
                [s / total for s in sums], dtype=torch.float64
            )
    return result if logits.dim() == 5 else result[..., :2]


@pytest.mark.parametrize('shape', SHAPES)
def test_equals_naive_loop(shape):
    logits = random_logits(shape)
    expected = naive_integral(logits)
    torch.testing.assert_close(
        F.integral(logits), expected, rtol=0, atol=1e-12
    )
    torch.testing.assert_close(
        F.integral_one_step(logits), expected, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize('shape', SHAPES)
def test_marginals_equal_loops_and_log_marginals(shape):
    logits = random_logits(shape)
    probs = torch.softmax(logits.reshape(*shape[:2], -1), -1).reshape(shape)
    expected = {
        'x': torch.stack(
            [probs[..., i].flatten(2).sum(-1) for i in range(shape[-1])], -1
        ),
        'y': torch.stack(
            [probs[..., i, :].flatten(2).sum(-1) for i in range(shape[-2])], -1
        ),
    }
    if len(shape) == 5:
        expected['z'] = torch.stack(
            [probs[:, :, i].flatten(2).sum(-1) for i in range(shape[2])], -1
        )
    vectors, logs = F.marginals(logits), F.log_marginals(logits)
    for name, vector in expected.items():
        torch.testing.assert_close(getattr(vectors, name), vector)
        torch.testing.assert_close(getattr(logs, name).exp(), vector)
        assert torch.allclose(
            getattr(vectors, name).sum(-1),
            torch.ones(shape[:2], dtype=torch.float64),
        )
    if len(shape) == 4:
        assert vectors.z is None and logs.z is None


@pytest.mark.parametrize(
    'shape,fast',
    [((1, 2, 3, 4, 5), False), ((2, 3, 5, 7), False), ((2, 3, 8, 8, 8), True)],
)
def test_gradients(shape, fast):
    logits = random_logits(shape).requires_grad_()
    assert gradcheck(F.integral, (logits,), fast_mode=fast)
    assert gradgradcheck(F.integral, (logits,), fast_mode=fast)

    def log_sum(x):
        return sum(
            v.square().sum() for v in F.log_marginals(x) if v is not None
        )

    assert gradcheck(log_sum, (logits,), fast_mode=True)


def test_official_and_dsntnn_formulas():
    """Formulas re-derived from their sources, in their own conventions."""
    logits = random_logits((2, 3, 6, 5, 7))
    probs = logits.flatten(2).softmax(-1).view_as(logits)
    # Official: accumulate, multiply by arange, divide by the side, - 0.5.
    accu_x = probs.sum(2).sum(2)
    accu_z = probs.sum(3).sum(3)
    official_x = (accu_x * torch.arange(7)).sum(2) / 7 - 0.5
    official_z = (accu_z * torch.arange(6)).sum(2) / 6 - 0.5
    norm = F.bins_to_norm(F.integral(logits), (7, 5, 6))
    torch.testing.assert_close(
        norm[..., 0] - 0.5, official_x, atol=1e-6, rtol=0
    )
    torch.testing.assert_close(
        norm[..., 2] - 0.5, official_z, atol=1e-6, rtol=0
    )
    # dsntnn: cell centres, (2 i - (n - 1)) / n in [-1, 1].
    centres = (2 * torch.arange(7.0) - 6) / 7
    dsnt_x = (accu_x * centres).sum(2)
    bins = F.integral(logits)[..., 0]
    torch.testing.assert_close((2 * bins - 6) / 7, dsnt_x, atol=1e-6, rtol=0)


def test_left_edge_and_not_cell_centre():
    logits = torch.full((1, 1, 1, 4), -1e4)
    logits[..., 3] = 0
    norm = F.bins_to_norm(F.integral(logits), (4, 1))
    assert norm[0, 0, 0] == 0.75
    assert norm[0, 0, 0] != (3 + 0.5) / 4


@settings(max_examples=500, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    width=st.integers(2, 9),
    height=st.integers(2, 9),
    depth=st.integers(1, 6),
    scale=st.floats(0, 30),
)
def test_properties(seed, width, height, depth, scale):
    """Convex hull, shift of the logits, axes, two-step = one-step, batch."""
    shape = (2, 2, depth, height, width)
    logits = random_logits(shape, seed, torch.float32, scale)
    result = F.integral(logits)
    limit = torch.tensor([width, height, depth]) - 1
    assert (result >= 0).all() and (result <= limit + 1e-5).all()
    one_step = F.integral_one_step(logits)
    torch.testing.assert_close(result, one_step, atol=3e-6, rtol=3e-6)
    shifted = F.integral(logits + 5.0)
    torch.testing.assert_close(result, shifted, atol=2e-4, rtol=0)
    swapped = F.integral(logits.permute(0, 1, 4, 3, 2))
    torch.testing.assert_close(
        result[..., [2, 1, 0]], swapped, atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        F.integral(logits[1:]), result[1:], atol=1e-6, rtol=0
    )
    rolled = torch.nn.functional.pad(logits, (1, 0), value=-1e9)
    moved = F.integral(rolled)
    torch.testing.assert_close(
        moved[..., 0], result[..., 0] + 1, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize('shape', SHAPES)
def test_leaves_input_and_type_alone(shape):
    logits = random_logits(shape, dtype=torch.float32)
    before = logits.clone()
    assert F.integral(logits).dtype == torch.float32
    assert F.integral(logits.double()).dtype == torch.float64
    assert torch.equal(logits, before)
    transposed = random_logits(shape).transpose(-1, -2)
    assert not transposed.is_contiguous()
    torch.testing.assert_close(
        F.integral(transposed), F.integral(transposed.contiguous())
    )
    assert F.integral(logits[:0]).shape == (0, 3, len(shape) - 2)


@pytest.mark.parametrize(
    'dtype,limit', [(torch.float16, 0.01), (torch.bfloat16, 0.06)]
)
@pytest.mark.parametrize('autocast', [False, True])
def test_half_precision(dtype, limit, autocast):
    """All-half arithmetic errs by 0.05 and 0.28 bins over 64^3."""
    logits = random_logits((1, 2, 64, 64, 64), dtype=torch.float32).to(dtype)
    exact = F.integral(logits.double())
    with torch.autocast('cpu', dtype=dtype, enabled=autocast):
        result = F.integral(logits)
    assert result.dtype == torch.float32
    assert (result - exact).abs().max() <= limit


def test_extreme_logits_are_finite():
    for value in (6.5e4, -6.5e4):
        logits = torch.zeros(1, 1, 3, 4, 5)
        logits[0, 0, 1, 2, 3] = value
        logits.requires_grad_()
        loss = F.integral(logits).sum() + sum(
            v.clamp(min=-1e5).sum() for v in F.log_marginals(logits)
        )
        loss.backward()
        assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_debias_equals_the_published_formula():
    """(C * E - N * p~) / (C - N) with C the sum of exp over N cells."""
    logits = random_logits((2, 3, 5, 7)).abs()
    raw = F.integral(logits)
    c = logits.exp().flatten(2).sum(-1)[..., None]
    n, middle = 35, torch.tensor([3.0, 2.0], dtype=torch.float64)
    expected = (c * raw - n * middle) / (c - n)
    torch.testing.assert_close(F.debias(raw, logits), expected)


def test_debias_finds_the_peak_and_survives_extremes():
    logits = torch.zeros(1, 1, 9, 9)
    logits[0, 0, 2, 7] = 3.0
    raw = F.integral(logits)
    assert abs(raw[0, 0, 0] - 7) > 1  # what debiasing is for
    torch.testing.assert_close(
        F.debias(raw, logits), torch.tensor([[[7.0, 2.0]]]), atol=1e-4, rtol=0
    )
    for value in (6.5e4, -6.5e4, 0.0):
        flat = torch.full((1, 1, 9, 9), value)
        raw = F.integral(flat)
        torch.testing.assert_close(F.debias(raw, flat), raw)


def test_argmax_and_score_by_hand():
    logits = torch.full((1, 1, 3, 4, 5), -100.0)
    logits[0, 0, 2, 1, 3] = 100.0
    assert F.argmax(logits).tolist() == [[[3.0, 1.0, 2.0]]]
    assert F.spread_score(F.marginals(logits)).item() == pytest.approx(1)
    # Uniform over many cells: deviation 1 / sqrt(12) of the side.
    flat = F.spread_score(F.marginals(torch.zeros(1, 1, 64, 64)))
    assert flat.item() == pytest.approx(0.25, abs=1e-4)
    two = torch.full((1, 1, 1, 8), -1e4)
    two[..., [2, 4]] = 0.0
    # x deviates by 1 of 8 bins, y by 0: root mean square 1 / 8 / sqrt(2).
    expected = (1 + math.sqrt(12) / 8 / math.sqrt(2)) ** -2
    score = F.spread_score(F.marginals(two))
    assert score.item() == pytest.approx(expected)


def test_argmax_equals_numpy():
    logits = random_logits((2, 3, 4, 5, 7))
    found = F.argmax(logits).numpy()
    for b in range(2):
        for k in range(3):
            z, y, x = np.unravel_index(logits[b, k].argmax().item(), (4, 5, 7))
            assert found[b, k].tolist() == [x, y, z]


@pytest.mark.parametrize(
    'function',
    [F.integral, F.marginals, F.log_marginals, F.integral_one_step, F.argmax],
)
def test_wrong_shapes_are_named(function):
    with pytest.raises(ValueError, match=r'\(B, K, H, W\).*\(2, 3, 4\)'):
        function(torch.zeros(2, 3, 4))
    with pytest.raises(ValueError, match='floating point'):
        function(torch.zeros(2, 3, 4, 5, dtype=torch.long))
    with pytest.raises(ValueError, match='empty map'):
        function(torch.zeros(2, 3, 0, 5))
