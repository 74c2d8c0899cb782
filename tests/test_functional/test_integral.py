"""Eq. 1 to 6 against loops, hand values and the public codes' formulas."""

import math

import pytest
import torch

from integral_mmpose.functional import (
    HeatVectors,
    argmax,
    at_least_float32,
    bins_to_norm,
    expectation,
    integral,
    log_marginals,
    map_sizes,
    marginals,
    plain_marginals,
    softmax,
    vectors_to_coordinates,
)
from integral_mmpose.functional.fused import AVAILABLE

SHAPES = [(1, 2, 3, 4, 5), (2, 3, 5, 7)]
FUNCTIONS = [
    argmax,
    integral,
    softmax,
    marginals,
    log_marginals,
]


def random_logits(shape, scale=3.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


def cells(logits):
    """Yield (b, k, [z, y, x], probability) by nothing but math.exp."""
    axes = logits.shape[2:]
    for b in range(logits.shape[0]):
        for k in range(logits.shape[1]):
            values = logits[b, k].flatten().tolist()
            total = math.fsum(math.exp(v) for v in values)
            for flat, value in enumerate(values):
                index, rest = [], flat
                for size in reversed(axes):
                    index.insert(0, rest % size)
                    rest //= size
                yield b, k, index, math.exp(value) / total


def integral_one_step(logits):
    """Eq. 4 as the paper writes it: an expectation over all cells at once."""
    probs = softmax(logits)
    axes = [torch.arange(n, dtype=probs.dtype) for n in probs.shape[2:]]
    grids = torch.meshgrid(*axes, indexing='ij')  # [z,] y, x
    return torch.stack(
        [(probs * grid).flatten(2).sum(-1) for grid in reversed(grids)], -1
    )


def tensors(result):
    if isinstance(result, HeatVectors):
        return [v for v in result if v is not None]
    return [result]


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('function', [integral, integral_one_step])
def test_expectation_by_a_loop(shape, function, figure):
    logits = random_logits(shape)
    expected = torch.zeros(*shape[:2], len(shape) - 2, dtype=torch.float64)
    for b, k, index, probability in cells(logits):
        for axis, i in enumerate(reversed(index)):  # x, y[, z]
            expected[b, k, axis] += i * probability
    error = (function(logits) - expected).abs().max()
    figure('R1', 'naive loop, bins', error, 1e-12)


@pytest.mark.parametrize('shape', SHAPES)
def test_softmax_and_heat_vectors_by_a_loop(shape):
    logits = random_logits(shape)
    probs = torch.zeros(shape, dtype=torch.float64)
    vectors = [
        torch.zeros(*shape[:2], n, dtype=torch.float64)
        for n in reversed(shape[2:])
    ]
    for b, k, index, probability in cells(logits):
        probs[(b, k, *index)] = probability
        for vector, i in zip(vectors, reversed(index)):
            vector[b, k, i] += probability
    assert (softmax(logits) - probs).abs().max() <= 1e-12
    got, log = marginals(logits), log_marginals(logits)
    assert (got.z is None) == (log.z is None) == (len(shape) == 4)
    for expected, a, b in zip(vectors, tensors(got), tensors(log)):
        assert (a - expected).abs().max() <= 1e-12
        assert (b - expected.log()).abs().max() <= 1e-12


def test_hand_values():
    """Weights 1 : 2 : 3 in a row of 3: 0/6 + 2/6 + 6/6 = 4/3."""
    logits = torch.tensor([1.0, 2.0, 3.0]).log().view(1, 1, 1, 3)
    torch.testing.assert_close(integral(logits), torch.tensor([[[4 / 3, 0]]]))
    column = logits.view(1, 1, 3, 1)
    torch.testing.assert_close(integral(column), torch.tensor([[[0, 4 / 3]]]))
    deep = logits.view(1, 1, 3, 1, 1)
    torch.testing.assert_close(integral(deep), torch.tensor([[[0, 0, 4 / 3]]]))


def test_hand_gradient():
    """d E / d l_i = p_i (i - E): weights 1 : 1 in a row of 2."""
    logits = torch.zeros(1, 1, 1, 2, requires_grad=True)
    integral(logits)[..., 0].sum().backward()
    assert logits.grad.flatten().tolist() == [-0.25, 0.25]


@pytest.mark.parametrize('shape', [(2, 3, 5, 6, 7), (2, 3, 6, 7)])
def test_official_formula(shape, figure):
    """JimmySuen/integral-human-pose: softmax over (K * D, H, W) channels of
    a joint, sums over the other two axes, sum of i * p, / n - 0.5."""
    maps = random_logits(shape).float()
    joints, sizes = shape[1], (1, *shape[2:])[-3:]
    channels = maps.reshape(shape[0], joints * sizes[0], *sizes[1:])
    volume = torch.softmax(channels.reshape(shape[0], joints, -1), 2)
    volume = volume.reshape(shape[0], joints, *sizes)
    official = []
    for kept in (4, 3, 2):  # x, y, z
        others = [axis for axis in (2, 3, 4) if axis != kept]
        line = volume.sum(others)
        weights = torch.arange(line.shape[-1]).float()
        official.append((line * weights).sum(2) / line.shape[-1] - 0.5)
    official = torch.stack(official, -1)[..., : len(shape) - 2]
    ours = bins_to_norm(integral(maps), map_sizes(maps)) - 0.5
    error = (ours - official).abs().max()
    figure('R6', "the official code's integral", error, 1e-6)


@pytest.mark.parametrize('shape', [(2, 3, 5, 6, 7), (2, 3, 6, 7)])
def test_dsntnn_formula(shape, figure):
    """anibali/dsntnn: flat softmax, dot product with cell centres in
    (-1, 1), the first at -(n - 1) / n; to pixels by ((c + 1) n - 1) / 2."""
    maps = random_logits(shape).float()
    probs = torch.softmax(maps.flatten(2), -1).reshape(shape)
    coordinates = []
    for axis in reversed(range(2, len(shape))):
        n = shape[axis]
        centres = torch.linspace(-(n - 1) / n, (n - 1) / n, n)
        line = probs.sum([a for a in range(2, len(shape)) if a != axis])
        coordinates.append((line * centres).sum(-1))
    dsnt = torch.stack(coordinates, -1)
    sizes = torch.tensor(map_sizes(maps))
    assert (((dsnt + 1) * sizes - 1) / 2 - integral(maps)).abs().max() <= 2e-6
    left_edge = 2 * bins_to_norm(integral(maps), sizes.tolist()) - 1
    # Theirs are cell centres: half a cell, 1 / n, to the right of ours.
    error = (dsnt - left_edge - 1 / sizes).abs().max()
    figure('R6', "dsntnn's integral", error, 1e-6)


@pytest.mark.parametrize('shape', [(2, 3, 16, 18, 20), (2, 3, 32, 40)])
def test_two_step_equals_one_step(shape, figure):
    logits = random_logits(shape, 5.0)
    exact = integral_one_step(logits)
    assert (integral(logits) - exact).abs().max() <= 1e-12
    # In float32 where both read the same probabilities. (The operator's are
    # nearer to the exact ones than torch's softmax, see test_fused.py.)
    two_step = vectors_to_coordinates(plain_marginals(logits.float()))
    difference = two_step - integral_one_step(logits.float())
    figure('R3', 'two-step and one-step', difference.abs().max(), 3e-6)
    limit = 6e-6 if AVAILABLE else 2e-5
    assert (integral(logits.float()) - exact).abs().max() <= limit


@pytest.mark.parametrize('function', FUNCTIONS)
@pytest.mark.parametrize('shape', SHAPES)
def test_layouts_batches_and_the_input(function, shape):
    logits = random_logits(shape).float()
    copy = logits.clone()
    whole = tensors(function(logits))
    assert torch.equal(logits, copy)
    transposed = logits.transpose(-1, -2).contiguous().transpose(-1, -2)
    strided = torch.stack([logits, logits], -1)[..., 0]
    last = logits.movedim(1, -1).contiguous().movedim(-1, 1)
    for other in (transposed, strided, last):
        assert not other.is_contiguous()
        for a, b in zip(whole, tensors(function(other))):
            torch.testing.assert_close(a, b, rtol=1e-6, atol=2e-6)
    for b in range(shape[0]):
        for a, c in zip(whole, tensors(function(logits[b : b + 1]))):
            torch.testing.assert_close(a[b : b + 1], c, rtol=1e-6, atol=1e-6)
    for a, c in zip(whole, tensors(function(logits[:0]))):
        assert c.shape == (0, *a.shape[1:])


@pytest.mark.parametrize('function', FUNCTIONS)
@pytest.mark.parametrize(
    'dtype, expected',
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_dtype(function, dtype, expected):
    logits = random_logits((2, 3, 4, 5)).to(dtype)
    for result in tensors(function(logits)):
        assert result.dtype == expected
    assert at_least_float32(logits).dtype == expected


@pytest.mark.parametrize('function', FUNCTIONS)
def test_wrong_input(function):
    with pytest.raises(ValueError, match=r'logits must have the axes'):
        function(torch.zeros(3, 4, 5))
    with pytest.raises(ValueError, match='floating point'):
        function(torch.zeros(1, 1, 4, 5, dtype=torch.long))


def test_composites():
    logits = random_logits((2, 3, 4, 5, 6))
    vectors = marginals(logits)
    assert torch.equal(vectors_to_coordinates(vectors), integral(logits))
    assert torch.equal(expectation(vectors.z), integral(logits)[..., 2])
    assert map_sizes(logits) == (6, 5, 4)
    assert vectors._fields == ('x', 'y', 'z')
    assert [v.shape[-1] for v in vectors] == [6, 5, 4]
