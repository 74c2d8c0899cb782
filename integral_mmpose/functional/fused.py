"""Heat vectors (Eq. 5) in one pass over the logits, and their gradient.

The plain form writes the probabilities, reads them for every axis and keeps
them for backward: a volume of 18 x 64^3 floats (19 MB a sample) moves about
ten times. Here a block of joints that stays in the cache is taken at a time.
Forward keeps the heat vectors and two numbers a joint; backward computes the
probabilities p again and writes the gradient at once:

    d loss / d logit[z, y, x] = p (gx[x] + gy[y] + gz[z] - <g, v>)

with g the gradients of the heat vectors v = (x, y, z). The one large tensor
that is made is the gradient itself. Two dimensions keep p: their maps are
small, and reading p costs less than making it again.

Each a ``torch.library.custom_op``, so that torch.compile keeps it
whole. It computes e^a as 2^(a * log2(e)): on the CPU torch's exp2 takes a
quarter of the time of its exp. On a GPU the same formulas run on the whole
tensor at once, in the kernels that torch.compile makes of them.
"""

import contextlib
import math
import mmap
import warnings
from typing import Callable, Iterator, Tuple

import torch
from torch import Tensor

#: log2(e): e^a = 2^(a * log2(e)).
LOG2_E = math.log2(math.e)
#: Cells of a block: 2^19 floats are 2 MB, the cache of a core or two.
BLOCK_CELLS = 2**19
#: From this size on the gradient asks the kernel for huge pages: glibc keeps
#: no freed block of more than 32 MB.
HUGE_BYTES = 2**25
#: Where torch lacks any of these (before 2.4 to 2.6) the plain form serves.
AVAILABLE = (
    hasattr(torch.library, 'custom_op')
    and hasattr(torch.compiler, 'is_exporting')
    and hasattr(torch._C, '_are_functorch_transforms_active')
)

DEVICES = ('cpu', 'cuda')
Block = Tuple[slice, slice]


def serves(logits: Tensor) -> bool:
    """Tell whether :func:`heat_vectors` is to be used for these logits.

    Not where a graph of stock operators is wanted (export, tracing, ONNX;
    ``is_exporting`` is true inside torch.compile, too, so that is asked
    first), nor on other devices than a CPU or a CUDA GPU. In two dimensions
    torch.compile makes faster code of the plain form.

    Example:
        >>> serves(torch.zeros(1, 1, 2, 2, device='meta'))
        False
    """
    if not AVAILABLE or logits.device.type not in DEVICES:
        return False
    if torch.onnx.is_in_onnx_export() or torch.jit.is_tracing():
        return False
    if torch.compiler.is_dynamo_compiling():
        return logits.dim() == 5
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
    """Heat vectors by ``integral_mmpose::marginals`` or ``marginals_2d``.

    Args:
        logits (Tensor): (B, K, H, W) or (B, K, D, H, W).

    Returns:
        tuple[Tensor]: x (B, K, W), y (B, K, H)[, z (B, K, D)] in at least
        float32.

    Example:
        >>> heat_vectors(torch.zeros(1, 1, 2, 4))[1]
        tensor([[[0.5000, 0.5000]]])
    """
    operators = torch.ops.integral_mmpose
    if logits.dim() == 5:
        return operators.marginals(logits)[:3]
    if logits.device.type == 'cpu':
        return operators.marginals_2d(logits)[:2]
    return operators.marginals(logits.unsqueeze(2))[:2]


def _blocks(logits: Tensor) -> Iterator[Block]:
    """Slices of batch and joints that hold BLOCK_CELLS, or one joint."""
    batch, joints = logits.shape[:2]
    room = max(1, BLOCK_CELLS // math.prod(logits.shape[2:]))
    rows, columns = max(1, room // max(1, joints)), max(1, min(room, joints))
    for b in range(0, batch, rows):
        for k in range(0, joints, columns):
            yield slice(b, b + rows), slice(k, k + columns)


def _buffer(logits: Tensor, dtype: torch.dtype) -> Tensor:
    """An empty tensor that every block fits into."""
    rows, columns = next(_blocks(logits), (slice(0), slice(0)))
    return torch.empty_like(logits[rows, columns], dtype=dtype).contiguous()


def _weights(logits: Tensor, peak: Tensor, buffer: Tensor) -> Tensor:
    """exp(logits - peak): the probabilities but for their total."""
    out = buffer[: logits.shape[0], : logits.shape[1]]
    # The difference first: scaled before, large logits would be rounded.
    torch.sub(logits, peak[..., None, None, None], out=out)
    return out.mul_(LOG2_E).exp2_()


def _marginals(
    logits: Tensor,
) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """x, y, z, and for backward the peak and the total, (B, K) each.

    Two numbers, not their logsumexp: at logits of 1e4 that sum would be
    rounded to 1e-3, and the probabilities with it.
    """
    x, y, z, peak, total = _empty_vectors(logits)
    buffer = _buffer(logits, x.dtype)
    for at in _blocks(logits):
        block = logits[at]
        peak[at] = block.amax((2, 3, 4))
        weights = _weights(block, peak[at], buffer)
        rows = weights.sum(-1)
        torch.sum(weights.flatten(2, 3), 2, out=x[at])
        torch.sum(rows, 2, out=y[at])
        torch.sum(rows, 3, out=z[at])
    torch.sum(x, -1, out=total)
    for vector in (x, y, z):
        vector.div_(total[..., None])
    return x, y, z, peak, total


def _empty_vectors(
    logits: Tensor,
) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What :func:`_marginals` fills; its shapes, for tracing."""
    batch, joints, depth, height, width = logits.shape
    dtype = torch.promote_types(logits.dtype, torch.float32)
    x, y, z = (
        logits.new_empty((batch, joints, size), dtype=dtype)
        for size in (width, height, depth)
    )
    peak, total = (
        logits.new_empty((batch, joints), dtype=dtype) for _ in range(2)
    )
    return x, y, z, peak, total


def _marginals_backward(
    logits: Tensor,
    peak: Tensor,
    slope_x: Tensor,
    slope_y: Tensor,
    slope_z: Tensor,
) -> Tensor:
    """exp(logits - peak) (slope_x + slope_y + slope_z): the gradient."""
    grad = _empty_gradient(logits)
    weights, slopes = (_buffer(logits, peak.dtype) for _ in range(2))
    for at in _blocks(logits):
        block = _weights(logits[at], peak[at], weights)
        plane = slope_y[at][..., None] + slope_x[at][..., None, :]
        slope = slopes[: block.shape[0], : block.shape[1]]
        torch.add(plane[:, :, None], slope_z[at][..., None, None], out=slope)
        torch.mul(block, slope, out=grad[at])
    return grad


def _empty_gradient(logits: Tensor) -> Tensor:
    """``torch.empty_like``, in pages of 2 MB where it is large.

    The allocator maps a large tensor afresh each time, and the faults of its
    4 kB pages took more than half of the time of forward and backward.
    """
    if logits.nbytes < HUGE_BYTES or not hasattr(mmap, 'MADV_HUGEPAGE'):
        return torch.empty_like(logits)
    memory = mmap.mmap(
        -1, logits.nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    )
    with contextlib.suppress(OSError):  # a kernel without huge pages
        memory.madvise(mmap.MADV_HUGEPAGE)
    flat = torch.frombuffer(memory, dtype=logits.dtype)
    strides = torch.empty_like(logits, device='meta').stride()
    return flat.as_strided(logits.shape, strides)


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


def _marginals_2d(
    logits: Tensor,
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, y and, for backward, exp(logits - peak) and its total."""
    x, y, weights, total = _empty_vectors_2d(logits)
    for at in _blocks(logits):
        block = logits[at]
        peak = block.amax((2, 3), keepdim=True).to(weights.dtype)
        exp = torch.sub(block, peak, out=weights[at])
        exp.mul_(LOG2_E).exp2_()
        torch.sum(exp, 2, out=x[at])
        torch.sum(exp, 3, out=y[at])
    torch.sum(y, -1, out=total)
    for vector in (x, y):
        vector.div_(total[..., None])
    return x, y, weights, total


def _empty_vectors_2d(
    logits: Tensor,
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """What :func:`_marginals_2d` fills; its shapes, for tracing."""
    batch, joints, height, width = logits.shape
    dtype = torch.promote_types(logits.dtype, torch.float32)
    x, y, total = (
        logits.new_empty((batch, joints, *size), dtype=dtype)
        for size in ((width,), (height,), ())
    )
    return x, y, logits.new_empty(logits.shape, dtype=dtype), total


def _marginals_2d_backward(
    logits: Tensor, weights: Tensor, slope_x: Tensor, slope_y: Tensor
) -> Tensor:
    """weights (slope_x + slope_y): the gradient, laid out as the logits."""
    grad = _empty_gradient(logits)
    slopes = _buffer(weights, weights.dtype)
    for at in _blocks(weights):
        block = weights[at]
        slope = slopes[: block.shape[0], : block.shape[1]]
        columns, rows = slope_x[at][..., None, :], slope_y[at][..., None]
        torch.add(rows, columns, out=slope)
        torch.mul(block, slope, out=grad[at])
    return grad


def _save_2d(ctx, inputs, output) -> None:
    # No gradient of zeros for the weights, which nobody else uses.
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*inputs, *output)


def _differentiate_2d(ctx, gx, gy, *_) -> Tensor:
    logits, x, y, weights, total = ctx.saved_tensors
    gx = torch.zeros_like(x) if gx is None else gx
    gy = torch.zeros_like(y) if gy is None else gy
    if torch.is_grad_enabled():
        gz = gx.new_zeros((*gx.shape[:2], 1))
        return _plain_gradient(logits[:, :, None], gx, gy, gz)[:, :, 0]
    inner = (gx * x).sum(-1) + (gy * y).sum(-1)
    total = total[..., None]
    return torch.ops.integral_mmpose.marginals_2d_backward(
        logits, weights, gx / total, (gy - inner[..., None]) / total
    )


def _marginals_at_once(
    logits: Tensor,
) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What :func:`_marginals` gives, without blocks."""
    cells = logits.to(torch.promote_types(logits.dtype, torch.float32))
    peak = cells.amax((2, 3, 4))
    weights = (cells - peak[..., None, None, None]).exp()
    sums = (weights.sum(axes) for axes in ((2, 3), (2, 4), (3, 4)))
    total = weights.sum((2, 3, 4))
    x, y, z = (vector / total[..., None] for vector in sums)
    return x, y, z, peak, total


def _marginals_backward_at_once(
    logits: Tensor,
    peak: Tensor,
    slope_x: Tensor,
    slope_y: Tensor,
    slope_z: Tensor,
) -> Tensor:
    """What :func:`_marginals_backward` gives, without blocks."""
    weights = (logits.to(peak.dtype) - peak[..., None, None, None]).exp()
    slope = slope_y[..., None, :, None] + slope_x[..., None, None, :]
    slope = slope + slope_z[..., None, None]
    return (weights * slope).to(logits.dtype)


def _compiled(function: Callable) -> Callable:
    """``function`` by torch.compile; as it is, with a warning, if that fails.

    Compiled at the first call, for all sizes at once.
    """
    chosen = []

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


def _define(name: str, function: Callable) -> Callable:
    """The operator ``integral_mmpose::name``."""
    return torch.library.custom_op(
        f'integral_mmpose::{name}', function, mutates_args=()
    )


def _register() -> None:
    """Make the operators known to torch."""
    forward = _define('marginals', _marginals)
    forward.register_kernel('cuda', _compiled(_marginals_at_once))
    forward.register_fake(_empty_vectors)
    forward.register_autograd(_differentiate, setup_context=_save)
    backward = _define('marginals_backward', _marginals_backward)
    backward.register_kernel('cuda', _compiled(_marginals_backward_at_once))
    backward.register_fake(lambda logits, *_: torch.empty_like(logits))
    forward = _define('marginals_2d', _marginals_2d)
    forward.register_fake(_empty_vectors_2d)
    forward.register_autograd(_differentiate_2d, setup_context=_save_2d)
    backward = _define('marginals_2d_backward', _marginals_2d_backward)
    backward.register_fake(lambda logits, *_: torch.empty_like(logits))


if AVAILABLE:
    _register()
