"""The integral on a GPU against float64 on the CPU (``make gpu-check``)."""

import pytest
import torch

from integral_mmpose.functional import (
    expectation,
    integral,
    log_marginals,
    plain_marginals,
)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU'),
]
SHAPES = [(2, 3, 5, 7), (2, 3, 4, 5, 6), (1, 18, 64, 64, 64)]


def joints_and_gradient(function, logits):
    logits = logits.detach().requires_grad_()
    joints = function(logits)
    slopes = torch.arange(1.0, joints.numel() + 1).view(joints.shape)
    (joints * slopes.to(joints)).sum().backward()
    return joints.detach().cpu().double(), logits.grad.cpu().double()


def by_float64(logits):
    vectors = plain_marginals(logits)
    return torch.stack([expectation(v) for v in vectors if v is not None], -1)


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize(
    'dtype', [torch.float32, torch.bfloat16, torch.float16], ids=str
)
def test_the_integral_on_a_gpu(shape, dtype):
    draw = torch.Generator().manual_seed(0)
    logits = (3 * torch.randn(shape, generator=draw)).to(dtype)
    expected = joints_and_gradient(by_float64, logits.double())
    got = joints_and_gradient(integral, logits.cuda())
    assert (got[0] - expected[0]).abs().max() <= 1e-4
    # The gradient has the type of the logits: one unit in the last place.
    bound = max(torch.finfo(dtype).eps, 1e-5) * expected[1].abs().max()
    assert (got[1] - expected[1]).abs().max() <= bound


def test_autocast_does_not_lower_it():
    logits = torch.randn(2, 3, 16, 16, 16, device='cuda')
    with torch.autocast('cuda', torch.float16):
        lowered = integral(logits)
    assert torch.equal(lowered, integral(logits))


def test_log_marginals_on_a_gpu():
    logits = 30 * torch.randn(2, 3, 4, 5, 6)
    got = log_marginals(logits.cuda())
    for vector, expected in zip(got, plain_marginals(logits.double())):
        assert (vector.cpu().exp() - expected).abs().max() <= 1e-5
