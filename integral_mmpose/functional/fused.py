"""Heat vectors (Eq. 5) in one pass over the logits, and their gradient.

The plain form writes the probabilities, reads them for every axis and keeps
them for backward: a volume of 18 x 64^3 floats (19 MB a sample) moves about
ten times. Here forward keeps the heat vectors and two numbers a joint;
backward computes the probabilities p again and writes the gradient at once:

    d loss / d logit[z, y, x] = p (gx[x] + gy[y] + gz[z] - <g, v>)

with g the gradients of the heat vectors v = (x, y, z). The one large tensor
that is made is the gradient itself. Maps of two dimensions are small: the
plain form serves them.

Forward and backward are each a ``torch.library.custom_op``, which
torch.compile keeps whole; what they run is in ``fused_kernels.py``.
"""

import warnings
from functools import partial
from typing import Any, Callable, List, Tuple

import torch
from torch import Tensor

from . import fused_kernels as kernels

#: Where torch lacks any of these (before 2.4 to 2.6) the plain form serves.
AVAILABLE = (
    hasattr(torch.library, 'custom_op')
    and hasattr(torch.compiler, 'is_exporting')
    and hasattr(torch._C, '_are_functorch_transforms_active')
)

DEVICES = ('cpu', 'cuda')


def serves(logits: Tensor) -> bool:
    """Tell whether :func:`heat_vectors` is to be used for these logits.

    Not where a graph of stock operators is wanted (tracing, ONNX, export
    with ``strict=False``; ``is_exporting`` is true inside torch.compile, too,
    so that is asked first), nor in transforms, nor on other devices than a
    CPU or a CUDA GPU, nor for maps of two dimensions.

    Example:
        >>> serves(torch.zeros(1, 1, 2, 2, 2, device='meta'))
        False
    """
    if logits.dim() != 5 or not AVAILABLE or logits.device.type not in DEVICES:
        return False
    if torch.onnx.is_in_onnx_export() or torch.jit.is_tracing():
        return False
    if torch.compiler.is_dynamo_compiling():
        return not _in_transform()
    return not (torch.compiler.is_exporting() or _in_transform())


def _in_transform() -> bool:
    """Inside torch.func's transforms or forward-mode differentiation.

    The operator would drop a tangent without a word.
    """
    return (
        torch._C._are_functorch_transforms_active()
        or getattr(torch.autograd.forward_ad, '_current_level', -1) >= 0
    )


def heat_vectors(logits: Tensor) -> Tuple[Tensor, ...]:
    """Heat vectors of volumes by ``integral_mmpose::marginals``.

    Args:
        logits (Tensor): (B, K, D, H, W).

    Returns:
        tuple[Tensor]: x (B, K, W), y (B, K, H), z (B, K, D) in at least
        float32.

    Example:
        >>> heat_vectors(torch.zeros(1, 1, 1, 2, 4))[1]
        tensor([[[0.5000, 0.5000]]])
    """
    return torch.ops.integral_mmpose.marginals(logits)[:3]


def _save(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs, *output)


def _differentiate(ctx, gx, gy, gz, *_) -> Tensor:
    logits, x, y, z, peak, total = ctx.saved_tensors
    if torch.is_grad_enabled():  # a graph of the gradient is wanted
        return _plain_gradient(logits, gx, gy, gz)
    inner = (gx * x).sum(-1) + (gy * y).sum(-1) + (gz * z).sum(-1)
    total = total[..., None]
    return torch.ops.integral_mmpose.marginals_backward(
        logits,
        peak,
        gx / total,
        gy / total,
        (gz - inner[..., None]) / total,
    )


def _plain_gradient(logits: Tensor, gx, gy, gz) -> Tensor:
    """The gradient by stock operators, so that it can be differentiated."""
    cells = logits.to(gx.dtype).flatten(2)
    slope = gz[..., None, None] + gy[..., None, :, None]
    slope = (slope + gx[..., None, None, :]).flatten(2)
    probs = cells.softmax(-1)
    mean = (probs * slope).sum(-1, keepdim=True)
    return (probs * (slope - mean)).view_as(logits).to(logits.dtype)


def _compiled(function: Callable) -> Callable:
    """``function`` by torch.compile; as it is, with a warning, if that fails.

    Compiled at the first call, for all sizes at once.
    """
    chosen: List[Callable] = []

    def run(*tensors: Tensor):
        if not chosen:
            chosen.append(torch.compile(function, dynamic=True))
        try:
            return chosen[0](*tensors)
        except torch._dynamo.exc.TorchDynamoException as error:
            warnings.warn(
                'torch.compile failed, so the integral runs as a chain of '
                f'operators, slower: {str(error).splitlines()[0]}',
                stacklevel=2,
            )
            chosen[0] = function
            return function(*tensors)

    return run


def _register() -> None:
    """Make the operators known to torch."""
    define: Any = partial(torch.library.custom_op, mutates_args=())
    forward = define('integral_mmpose::marginals', kernels.forward_in_blocks)
    forward.register_kernel('cuda', _compiled(kernels.forward_at_once))
    forward.register_fake(kernels.empty_vectors)
    forward.register_autograd(_differentiate, setup_context=_save)
    backward = define(
        'integral_mmpose::marginals_backward', kernels.backward_in_blocks
    )
    backward.register_kernel('cuda', _compiled(kernels.backward_at_once))
    backward.register_fake(lambda logits, *_: torch.empty_like(logits))


if AVAILABLE:
    _register()
