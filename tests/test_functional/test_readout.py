"""Argmax by a loop, scores by hand, debias by the published formula."""

import math

import pytest
import torch

from integral_mmpose.functional import (
    argmax,
    debias,
    integral,
    map_sizes,
    marginals,
    spread_score,
)


@pytest.mark.parametrize('shape', [(1, 2, 3, 4, 5), (2, 3, 5, 7)])
def test_argmax_by_a_loop(shape):
    torch.manual_seed(0)
    logits = 3 * torch.randn(shape, dtype=torch.float64)
    got = argmax(logits)
    for b in range(shape[0]):
        for k in range(shape[1]):
            best = (logits[b, k] == logits[b, k].max()).nonzero()[0]
            assert got[b, k].tolist() == best.flip(0).tolist()


def test_argmax_is_within_half_a_bin_of_the_peak(figure):
    centre = torch.rand(1, 50, 2, dtype=torch.float64) * 6 + 0.5
    x = torch.arange(8.0)
    logits = (
        -((x - centre[..., :1]) ** 2)[..., None, :]
        - ((x - centre[..., 1:]) ** 2)[..., :, None]
    )
    error = (argmax(logits) - centre).abs().max()
    figure('R4', 'argmax, bins', error, 0.5)


def test_spread_score_by_hand():
    one_cell = torch.full((1, 1, 8, 6), -1e4)
    one_cell[..., 3, 2] = 0
    assert spread_score(marginals(one_cell)).item() == pytest.approx(1)
    # Uniform over n bins: variance (n^2 - 1) / 12, as a fraction / n^2.
    logits, sizes = torch.zeros(1, 1, 4, 8, 16), (16, 8, 4)
    mean = sum((n * n - 1) / 12 / n**2 for n in sizes) / 3
    assert spread_score(marginals(logits)).item() == pytest.approx(
        (1 + math.sqrt(12 * mean)) ** -2, rel=1e-6
    )
    large = spread_score(marginals(torch.zeros(1, 1, 128, 128)))
    assert large.item() == pytest.approx(0.25, abs=1e-4)


def test_spread_score_falls_with_the_spread_and_ignores_the_place():
    grid = torch.arange(32, dtype=torch.float64)

    def score(sigma, x=15, y=16):
        logits = -((grid[:, None] - y) ** 2 + (grid - x) ** 2) / (2 * sigma**2)
        return spread_score(marginals(logits[None, None])).item()

    scores = [score(sigma) for sigma in (0.3, 0.6, 1, 2, 4, 100)]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] < scores[0] <= 1
    assert score(1, 10, 20) == pytest.approx(score(1), rel=1e-6)


def published(coordinates, logits):
    """(C E - N p) / (C - N) in float64, as printed, overflow and all."""
    logits = logits.double()
    cells = logits[0, 0].numel()
    mass = logits.exp().flatten(2).sum(-1)[..., None]
    middle = (torch.tensor(map_sizes(logits)).double() - 1) / 2
    return (mass * coordinates.double() - cells * middle) / (mass - cells)


def blob(x, y, height, shape=(24, 32), sigma=1.5):
    """A zero background with one bump of logits."""
    rows = torch.arange(shape[0]).double()[:, None]
    columns = torch.arange(shape[1]).double()
    square = (columns - x) ** 2 + (rows - y) ** 2
    return height * (-square / (2 * sigma**2)).exp()[None, None]


@pytest.mark.parametrize('shape', [(2, 3, 4, 5, 6), (2, 3, 9, 11)])
@pytest.mark.parametrize(
    'dtype, tolerance', [(torch.float64, 1e-11), (torch.float32, 1e-5)]
)
def test_published_formula_on_moderate_logits(shape, dtype, tolerance):
    torch.manual_seed(0)
    logits = (torch.rand(shape) * 4 + 0.5).to(dtype)
    raw = integral(logits)
    expected = published(raw, logits)
    inside = torch.tensor(map_sizes(logits)) - 1
    expected = expected.clamp(min=0).minimum(inside)
    assert (debias(raw, logits) - expected).abs().max() <= tolerance


@pytest.mark.parametrize('height', [2.0, 4.0, 8.0, 20.0])
@pytest.mark.parametrize('x, y', [(5, 18), (26, 6), (15, 11)])
def test_known_joint(height, x, y):
    """The raw expectation is pulled to the middle, the debiased is not."""
    logits = blob(x, y, height)
    truth = torch.tensor([x, y]).double()
    raw = integral(logits)[0, 0]
    got = debias(integral(logits), logits)[0, 0]
    assert (got - truth).abs().max() < 0.02
    middle = torch.tensor([15.5, 11.5]).double()
    if height <= 4:
        assert (raw - truth).norm() > 0.05 * (middle - truth).norm()
        # mmpose's `debias` puts 1 where N belongs, and stays with the raw.
        no_op = (logits.exp().sum() * raw - middle) / (logits.exp().sum() - 1)
        assert (no_op - truth).norm() > 0.9 * (raw - truth).norm()


def test_known_joint_in_a_volume():
    """One cell of logit 6 and zeros: exactly that cell."""
    logits = torch.zeros(1, 2, 5, 6, 7, dtype=torch.float64)
    logits[0, 0, 4, 1, 6] = 6
    logits[0, 1, 0, 5, 2] = 6
    got = debias(integral(logits), logits)
    expected = torch.tensor([[[6.0, 1.0, 4.0], [2.0, 5.0, 0.0]]]).double()
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize('shift', [0.0, -1.0, -6.5e4])
def test_no_cell_above_the_background_keeps_the_raw(shift):
    logits = torch.zeros(1, 1, 4, 5) + shift
    raw = integral(logits)
    assert torch.equal(debias(raw, logits), raw)


@pytest.mark.parametrize('shape', [(1, 1), (1, 2), (24, 32)])
def test_barely_above_the_background_is_finite(shape):
    logits = torch.full((1, 1, *shape), 1e-10)
    logits[..., -1] = 3e-8
    logits.requires_grad_()
    got = debias(integral(logits), logits)
    got.sum().backward()
    assert got.isfinite().all()
    assert logits.grad.isfinite().all()


def test_stays_inside_the_map():
    torch.manual_seed(0)
    logits = torch.randn(20, 3, 5, 7) * 0.3
    got = debias(integral(logits), logits)
    assert (got >= 0).all()
    assert (got <= torch.tensor([6.0, 4.0])).all()


@pytest.mark.parametrize('dtype', [torch.half, torch.bfloat16, torch.float32])
def test_no_overflow_at_6_5e4(dtype):
    """The printed form is NaN there: exp(6.5e4) is infinite."""
    logits = torch.zeros(1, 1, 4, 5, dtype=dtype)
    logits[..., 3, 1] = 6.5e4
    raw = integral(logits)
    assert debias(raw, logits).tolist() == [[[1, 3]]]
    assert published(raw, logits).isnan().any()


@pytest.mark.parametrize('value', [-6.5e4, -200.0, 0.0, 6.5e4])
def test_gradient_is_finite_at_every_level(value):
    """exp(log N - log C) overflows below the background: 0 * inf is NaN."""
    logits = torch.full((1, 2, 4, 5), value)
    logits[0, 1, 2, 3] += 1
    logits.requires_grad_()
    debias(integral(logits), logits)[..., 0].sum().backward()
    assert logits.grad.isfinite().all()


def test_edges():
    logits = torch.rand(3, 2, 4, 5) * 3
    copy = logits.clone()
    raw = integral(logits)
    raw_copy = raw.clone()
    whole = debias(raw, logits)
    assert torch.equal(logits, copy)
    assert torch.equal(raw, raw_copy)
    torch.testing.assert_close(whole[1:2], debias(raw[1:2], logits[1:2]))
    assert debias(raw[:0], logits[:0]).shape == (0, 2, 2)
    assert debias(raw, logits.half()).dtype == torch.float32
