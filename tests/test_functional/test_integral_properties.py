"""Properties of the integral over random maps, 500 examples each."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from integral_mmpose.functional import (
    integral,
    log_marginals,
    marginals,
)
from tests.test_functional.test_integral import integral_one_step

EXAMPLES = settings(max_examples=500, deadline=None, derandomize=True)
EMPTY = -1e4  # probability 0 beside any other cell


@st.composite
def logits(draw, axes=None):
    """float64 logits of random shape, sharpness and values."""
    axes = draw(st.sampled_from([2, 3])) if axes is None else axes
    shape = [draw(st.integers(1, 6)) for _ in range(axes)]
    seed = draw(st.integers(0, 2**31))
    scale = draw(st.sampled_from([0.0, 0.1, 1.0, 10.0, 100.0, 1e4]))
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(
        2, 3, *shape, generator=generator, dtype=torch.float64
    )


def close(a, b, tolerance=1e-9):
    return (a - b).abs().max().item() <= tolerance


@EXAMPLES
@given(st.data())
def test_shift_equivariance(data):
    """A map moved inside a larger empty one moves its joint as far."""
    maps = data.draw(logits())
    maps = maps - maps.amax(tuple(range(2, maps.dim())), keepdim=True)
    maps = maps.clamp(min=-700)  # keeps the ring of EMPTY cells emptier
    offset = [data.draw(st.integers(0, 5)) for _ in maps.shape[2:]]
    shape = [n + o + 2 for n, o in zip(maps.shape[2:], offset)]
    canvas = maps.new_full((2, 3, *shape), EMPTY)
    inside = tuple(slice(o, o + n) for o, n in zip(offset, maps.shape[2:]))
    canvas[(..., *inside)] = maps
    shift = maps.new_tensor(offset[::-1])
    assert close(integral(canvas), integral(maps) + shift)


@EXAMPLES
@given(st.data())
def test_axis_permutation(data):
    """Permuted axes of the map permute the coordinates."""
    maps = data.draw(logits())
    axes = maps.dim() - 2
    order = data.draw(st.permutations(range(axes)))
    permuted = maps.permute(0, 1, *[2 + axis for axis in order])
    # Coordinates run against the axes: x is the last axis.
    expected = integral(maps).flip(-1)[..., list(order)].flip(-1)
    assert close(integral(permuted), expected)


@EXAMPLES
@given(st.data())
def test_convex_hull(data):
    """The joint lies in the box around the cells that are not empty."""
    maps = data.draw(logits())
    sizes = maps.shape[2:]
    low = [data.draw(st.integers(0, n - 1)) for n in sizes]
    high = [data.draw(st.integers(a, n - 1)) for a, n in zip(low, sizes)]
    box = tuple(slice(a, b + 1) for a, b in zip(low, high))
    clipped = torch.full_like(maps, -1e6)
    clipped[(..., *box)] = maps[(..., *box)]
    points = integral(clipped)
    assert (points >= maps.new_tensor(low[::-1]) - 1e-9).all()
    assert (points <= maps.new_tensor(high[::-1]) + 1e-9).all()


@EXAMPLES
@given(st.data())
def test_batch_and_joint_independence(data):
    """No sample and no joint sees another one."""
    maps = data.draw(logits())
    b, k = data.draw(st.integers(0, 1)), data.draw(st.integers(0, 2))
    other = torch.randn_like(maps)
    other[b, k] = maps[b, k]
    assert close(integral(other)[b, k], integral(maps)[b, k])


@EXAMPLES
@given(st.data())
def test_two_step_equals_one_step(data):
    maps = data.draw(logits()).float()
    assert close(integral(maps), integral_one_step(maps), 3e-6)


@EXAMPLES
@given(st.data())
def test_heat_vectors_are_distributions(data):
    """Sums of 1, at least 0; a constant added to a map changes nothing."""
    maps = data.draw(logits())
    constant = data.draw(st.floats(-1e3, 1e3))
    moved, log = marginals(maps + constant), log_marginals(maps)
    for vector, other, log_vector in zip(marginals(maps), moved, log):
        if vector is None:
            continue
        assert (vector >= 0).all()
        assert close(vector.sum(-1), torch.ones(2, 3))
        assert close(vector, other)
        assert close(vector, log_vector.exp())
        assert log_vector.isfinite().all()


@EXAMPLES
@given(st.data())
def test_mirror(data):
    """A mirrored map gives n - 1 - x."""
    maps = data.draw(logits())
    flipped, points = integral(maps.flip(-1)), integral(maps)
    assert close(flipped[..., 0], maps.shape[-1] - 1 - points[..., 0])
    assert close(flipped[..., 1:], points[..., 1:])
