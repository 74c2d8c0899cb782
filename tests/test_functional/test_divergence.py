"""Jensen-Shannon against SciPy, its limits, and Gaussians by their shape."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm

from integral_mmpose.functional import (
    jensen_shannon,
    log_gaussian_map,
    log_gaussian_vector,
    log_marginals,
)


def test_by_scipy():
    torch.manual_seed(0)
    log_p, log_q = (
        (3 * torch.randn(4, 3, 7).double()).log_softmax(-1) for _ in 'pq'
    )
    expected = jensenshannon(log_p.exp(), log_q.exp(), axis=-1) ** 2
    got = jensen_shannon(log_p, log_q)
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    torch.testing.assert_close(got, jensen_shannon(log_q, log_p))


def test_its_limits():
    log_p = torch.randn(5, 9).double().log_softmax(-1)
    assert jensen_shannon(log_p, log_p).abs().max() < 1e-15
    apart = torch.tensor([[0.0, -2e3], [-2e3, 0.0]])
    got = jensen_shannon(apart[0], apart[1])
    assert got.item() == pytest.approx(math.log(2))
    assert jensen_shannon(log_p, log_p.flip(-1)).max() < math.log(2)


def test_gradient_where_nothing_is_in_common():
    torch.manual_seed(0)
    logits = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    target = log_gaussian_vector(torch.tensor([[1.0], [4.2]]), 6, 0.7)
    assert torch.autograd.gradcheck(
        lambda x: jensen_shannon(x.log_softmax(-1), target[:, 0].double()),
        (logits,),
    )
    far = torch.tensor([0.0, -500.0, -500.0], requires_grad=True)
    target = log_gaussian_vector(torch.tensor([[2.0]]), 3, 0.05)[0, 0]
    jensen_shannon(far.log_softmax(-1), target).backward()
    assert far.grad.isfinite().all()


@pytest.mark.parametrize('sigma', [0.5, 1.0, 2.0])
def test_gaussian_vector_by_scipy(sigma):
    centre = torch.tensor([[3.3, 0.0, 7.9]], dtype=torch.float64)
    density = norm.pdf(np.arange(9), centre[..., None], sigma)
    expected = density / density.sum(-1, keepdims=True)
    got = log_gaussian_vector(centre, 9, sigma).exp()
    np.testing.assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize('sizes', [(5, 7), (5, 7, 4)])
def test_a_gaussian_map_has_gaussian_heat_vectors(sizes):
    """And its cells are in (D,) H, W order, as a flattened map's are."""
    torch.manual_seed(0)
    centre = torch.rand(2, 3, len(sizes)).double() * 3
    cells = log_gaussian_map(centre, sizes, 0.8)
    assert cells.exp().sum(-1).allclose(torch.ones(2, 3).double())
    maps = cells.view(2, 3, *reversed(sizes))
    vectors = [v for v in log_marginals(maps) if v is not None]
    for axis, vector in enumerate(vectors):
        expected = log_gaussian_vector(centre[..., axis], sizes[axis], 0.8)
        torch.testing.assert_close(vector, expected)
