"""Debias against the published formula and a map whose joint is known."""

import pytest
import torch

from integral_mmpose.functional import debias, integral, map_sizes


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
