"""H1, H2, H3 and joint errors against loops and torch's own losses."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F

from integral_mmpose.functional import (
    joint_l1,
    joint_l2,
    log_marginals,
    map_binary_cross_entropy,
    map_cross_entropy,
    map_sizes,
    map_squared_error,
    marginals,
    mask_coordinates,
    sum_over_count,
    vector_cross_entropy,
    vector_squared_error,
)

SHAPES = [(1, 2, 3, 4, 5), (2, 3, 5, 7)]
LARGE = (2, 3, 8, 8, 8)


def example(shape, seed=0):
    """float64 logits and coordinates inside the map, not on a border."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64)
    sizes = torch.tensor(map_sizes(logits), dtype=torch.float64)
    unit = torch.rand(
        *shape[:2], len(sizes), generator=generator, dtype=torch.float64
    )
    return logits, unit * (sizes - 1)


def radii(logits):
    return [1.3, 1.7, 1.1][: logits.dim() - 2]


def bce(logits, coordinates):
    return map_binary_cross_entropy(logits, coordinates, radii(logits))


def h1_vectors(logits, coordinates):
    return torch.stack(
        [
            vector_squared_error(v, coordinates[..., axis])
            for axis, v in enumerate(marginals(logits))
            if v is not None
        ],
        -1,
    )


def h2_vectors(logits, coordinates):
    return torch.stack(
        [
            vector_cross_entropy(v, coordinates[..., axis])
            for axis, v in enumerate(log_marginals(logits))
            if v is not None
        ],
        -1,
    )


ERRORS = [map_squared_error, map_cross_entropy, bce, h1_vectors, h2_vectors]


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('sigma', [1.0, 0.6])
def test_h1_on_maps_by_a_loop(shape, sigma):
    maps, points = example(shape)
    got = map_squared_error(maps, points, sigma)
    for b in range(shape[0]):
        for k in range(shape[1]):
            error = energy = 0
            for index in torch.ones(shape[2:]).nonzero().tolist():
                square = sum(
                    (i - c) ** 2
                    for i, c in zip(reversed(index), points[b, k].tolist())
                )
                target = math.exp(-square / (2 * sigma**2))
                error += (maps[(b, k, *index)].item() - target) ** 2
                energy += target**2
            assert got[b, k].item() == pytest.approx(error / energy, rel=1e-12)


@pytest.mark.parametrize('sigma', [1.0, 0.6])
def test_h1_on_vectors_by_a_loop(sigma):
    vector = torch.rand(2, 3, 7, dtype=torch.float64).softmax(-1)
    centre = torch.rand(2, 3, dtype=torch.float64) * 6
    got = vector_squared_error(vector, centre, sigma)
    for b in range(2):
        for k in range(3):
            target = [
                math.exp(-((i - centre[b, k].item()) ** 2) / (2 * sigma**2))
                for i in range(7)
            ]
            target = [t / math.fsum(target) for t in target]
            error = sum(
                (v - t) ** 2 for v, t in zip(vector[b, k].tolist(), target)
            )
            expected = error / sum(t * t for t in target)
            assert got[b, k].item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    'shape',
    [(1, 1, 8, 8), (1, 1, 64, 64), (1, 1, 16, 16, 16), (1, 1, 32, 32, 32)],
)
def test_h1_of_an_empty_map_is_one_at_every_size(shape):
    """A mean over the cells would fall from 0.05 to 2e-4 between these."""
    maps = torch.zeros(shape)
    points = torch.full((1, 1, len(shape) - 2), 3.3)
    torch.testing.assert_close(
        map_squared_error(maps, points), torch.ones(1, 1)
    )


@pytest.mark.parametrize('shape', SHAPES)
def test_h2_equals_torch_cross_entropy(shape):
    logits, points = example(shape)
    got = map_cross_entropy(logits, points)
    index = points.round().long().flip(-1)  # [z,] y, x
    flat = torch.zeros(shape[:2], dtype=torch.long)
    for axis, size in enumerate(shape[2:]):
        flat = flat * size + index[..., axis]
    expected = F.cross_entropy(
        logits.reshape(shape[0] * shape[1], -1),
        flat.flatten(),
        reduction='none',
    ).view(shape[:2])
    assert (got - expected).abs().max() <= 1e-12
    vectors = h2_vectors(logits, points)
    probs = logits.flatten(2).softmax(-1).view(shape)
    for axis in range(len(shape) - 2):
        kept = len(shape) - 1 - axis
        others = [a for a in range(2, len(shape)) if a != kept]
        line = probs.sum(others)
        hot = line.gather(-1, points[..., axis : axis + 1].round().long())
        assert (vectors[..., axis] + hot[..., 0].log()).abs().max() <= 1e-12


def test_h2_target_is_rounded_and_not_floored():
    logits = torch.zeros(1, 1, 1, 6)
    logits[..., 3] = 8.0
    right = map_cross_entropy(logits, torch.tensor([[[2.6, 0.0]]]))
    wrong = map_cross_entropy(logits, torch.tensor([[[2.4, 0.0]]]))
    assert right.item() < 0.01 < 7 < wrong.item()
    log_x = log_marginals(logits).x
    assert vector_cross_entropy(log_x, torch.tensor([[2.6]])).item() < 0.01
    assert vector_cross_entropy(log_x, torch.tensor([[2.4]])).item() > 7


@pytest.mark.parametrize('shape', SHAPES)
def test_h3_equals_torch_bce(shape):
    logits, points = example(shape)
    target = torch.zeros(shape, dtype=torch.float64)
    for index in torch.ones(shape).nonzero().tolist():
        b, k, *cell = index
        distance = sum(
            ((i - c) / r) ** 2
            for i, c, r in zip(
                reversed(cell), points[b, k].tolist(), radii(logits)
            )
        )
        target[tuple(index)] = distance <= 1
    expected = (
        F.binary_cross_entropy(logits.sigmoid(), target, reduction='none')
        .flatten(2)
        .mean(-1)
    )
    assert (bce(logits, points) - expected).abs().max() <= 1e-12


@pytest.mark.parametrize('function', ERRORS)
@pytest.mark.parametrize('shape', SHAPES)
def test_gradcheck(function, shape):
    logits, points = example(shape)
    logits.requires_grad_()
    assert gradcheck(function, (logits, points))
    assert gradgradcheck(function, (logits, points), fast_mode=True)


@pytest.mark.parametrize('function', ERRORS)
def test_gradcheck_large_and_transposed(function):
    logits, points = example(LARGE)
    logits.requires_grad_()
    assert gradcheck(function, (logits, points), fast_mode=True)
    logits, points = example((3, 2, 7, 5))
    logits = logits.transpose(0, 1).transpose(2, 3).detach().requires_grad_()
    points = points.transpose(0, 1).flip(-1)
    assert not logits.is_contiguous()
    assert gradcheck(function, (logits, points))


@pytest.mark.parametrize('function', [joint_l1, joint_l2])
def test_gradcheck_of_joint_errors(function):
    pred = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(function, (pred, torch.zeros_like(pred) + 9))


@pytest.mark.parametrize('function', ERRORS)
@pytest.mark.parametrize('shape', SHAPES)
def test_batches_and_the_input(function, shape):
    logits, points = example(shape)
    copies = logits.clone(), points.clone()
    whole = function(logits, points)
    assert whole.shape[:2] == shape[:2]
    assert torch.equal(logits, copies[0])
    assert torch.equal(points, copies[1])
    for b in range(shape[0]):
        torch.testing.assert_close(
            whole[b : b + 1], function(logits[b : b + 1], points[b : b + 1])
        )
    assert function(logits[:0], points[:0]).shape == (0, *whole.shape[1:])


@pytest.mark.parametrize('function', ERRORS)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(function, dtype, autocast):
    """float32 inside: within 1e-4 of float64 of the same rounded logits."""
    logits, points = example((2, 3, 8, 8, 8))
    logits = (logits * 5).to(dtype)
    exact = function(logits.double(), points)
    with autocast(dtype):
        inside = function(logits, points.float())
    for got in (function(logits, points.float()), inside):
        assert got.dtype == torch.float32
        torch.testing.assert_close(got.double(), exact, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize('function', ERRORS)
@pytest.mark.parametrize('value', [-6.5e4, 6.5e4])
def test_extremes_are_finite_with_their_gradients(function, value):
    for hot in (None, value, -value):
        logits = torch.full((1, 2, 3, 4, 5), value)
        if hot is not None:
            logits[..., 2, 1, 0] = hot
        logits.requires_grad_()
        error = function(logits, torch.full((1, 2, 3), 1.2))
        assert error.isfinite().all()
        error.sum().backward()
        assert logits.grad.isfinite().all()


def test_cross_entropy_of_an_empty_plane_is_not_the_log_of_zero():
    logits = torch.full((1, 1, 2, 3), -200.0)
    logits[..., 0] = 0.0
    points = torch.full((1, 1, 2), 1.0)
    assert h2_vectors(logits, points)[0, 0, 0].item() == pytest.approx(200)
    assert marginals(logits).x[0, 0, 1].log().isinf()


def test_mask_and_mean_ignore_what_has_no_weight():
    """NaN labels: a finite loss, and a gradient of exactly zero."""
    logits, points = example((2, 3, 5, 7))
    weights = torch.ones(2, 3, 2, dtype=torch.float64)
    weights[0, 1], points[0, 1] = 0, float('nan')
    weights[1, 2], points[1, 2] = 0, float('inf')
    for function in ERRORS:
        maps = logits.clone().requires_grad_()
        errors = function(maps, mask_coordinates(points, weights))
        weight = weights if errors.dim() == 3 else weights.amin(-1)
        loss = sum_over_count(errors, weight, 6)
        loss.backward()
        assert loss.isfinite()
        assert maps.grad.isfinite().all()
        assert (maps.grad[0, 1] == 0).all()
        assert (maps.grad[1, 2] == 0).all()
        assert (maps.grad[0, 0] != 0).any()


def test_sum_over_count_by_hand():
    errors = torch.tensor([[1.0, 2.0], [4.0, float('nan')]])
    weights = torch.tensor([[1.0, 0.5], [0.0, 0.0]])
    assert sum_over_count(errors, weights, 4).item() == (1 + 1) / 4
    assert sum_over_count(errors[:0], weights[:0], 0).item() == 0


@pytest.mark.parametrize('shape', [(2, 2), (2, 3, 1), (3,)])
def test_sum_over_count_does_not_broadcast(shape):
    with pytest.raises(ValueError, match=r'the shape \(2, 3\) of the errors'):
        sum_over_count(torch.ones(2, 3), torch.ones(shape), 6)


def test_wrong_number_of_axes():
    with pytest.raises(ValueError, match='coordinates: the axis 3 .* got 2'):
        map_squared_error(torch.zeros(1, 2, 3, 4, 5), torch.zeros(1, 2, 2))


def test_a_joint_far_outside_has_no_energy_and_a_finite_error():
    """Its Gaussian is zero everywhere: 0 / 0 without the bound."""
    maps = torch.zeros(1, 1, 4, 4, requires_grad=True)
    far = torch.full((1, 1, 2), -1e3)
    map_error = map_squared_error(maps, far)
    vector = torch.full((1, 1, 4), 0.25, requires_grad=True)
    vector_error = vector_squared_error(vector, far[..., 0])
    # As sum_over_count leaves it out: not a number times zero would stay one.
    (0 * map_error + 0 * vector_error).sum().backward()
    assert map_error.item() == 0 and vector_error.isfinite()
    assert (maps.grad == 0).all() and (vector.grad == 0).all()


def test_the_mean_of_halves_does_not_overflow():
    errors = torch.full((4, 5), 6e4, dtype=torch.float16)
    assert sum_over_count(errors, torch.ones(4, 5), 20).item() == 6e4
