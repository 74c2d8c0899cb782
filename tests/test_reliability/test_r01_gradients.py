"""R1, gradients: right to rounding, for every parameter."""

import pytest
import torch
from torch.autograd import gradcheck
from torch.autograd.gradcheck import GradcheckError

from integral_mmpose.functional import integral

PROVED_BY = (
    'test_functional/test_integral_gradients.py',
    'test_functional/test_errors.py::test_gradcheck',
    'test_functional/test_errors.py::test_gradcheck_large_and_transposed',
    'test_functional/test_errors.py::test_gradcheck_of_joint_errors',
    'test_functional/test_fused.py::test_first_and_second_derivatives',
    'test_functional/test_integral.py::test_expectation_by_a_loop',
    'test_functional/test_integral.py::test_softmax_and_heat_vectors_by_a_loop',
    'test_models/test_heads/test_integral_head_training.py'
    '::test_losses_and_gradients',
    'test_models/test_heads/test_integral_head_training.py'
    '::test_the_list_of_parameters_without_gradient',
)


def constant_sum(logits):
    """An expectation whose gradient lacks that of softmax's denominator."""
    cells = (logits - logits.amax((-2, -1), keepdim=True).detach()).exp()
    probs = cells / cells.sum((-2, -1), keepdim=True).detach()
    x = torch.arange(logits.shape[-1], dtype=logits.dtype)
    y = torch.arange(logits.shape[-2], dtype=logits.dtype)
    return torch.stack([probs.sum(-2) @ x, probs.sum(-1) @ y], -1)


def test_upstream_a_shape_says_nothing_of_a_gradient():
    """Right values, shape and type, as upstream's tests ask: wrong slope."""
    logits = torch.randn(2, 3, 5, 7, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(constant_sum(logits), integral(logits))
    (gradient,) = torch.autograd.grad(constant_sum(logits).sum(), logits)
    assert gradient.shape == logits.shape and gradient.isfinite().all()
    with pytest.raises(GradcheckError):
        gradcheck(constant_sum, (logits,))
