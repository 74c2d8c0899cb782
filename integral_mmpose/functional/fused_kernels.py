"""Heat vectors and their gradient, computed: what the operators run.

On the CPU a block of joints that stays in the cache is taken at a time. e^a
is computed as 2^(a * log2(e)): torch's exp2 takes a quarter of the time of
its exp. On a GPU the same formulas run on the whole tensor at once, in the
kernels that torch.compile makes of them (``*_at_once``).
"""

import contextlib
import math
import mmap
from typing import Iterator, Tuple

import torch
from torch import Tensor

#: log2(e): e^a = 2^(a * log2(e)).
LOG2_E = math.log2(math.e)
#: Cells of a block: 2^19 floats are 2 MB, the cache of a core or two.
BLOCK_CELLS = 2**19
#: From this size on the gradient asks the kernel for huge pages: glibc keeps
#: no freed block of more than 32 MB.
HUGE_BYTES = 2**25


def _blocks(logits: Tensor) -> Iterator[Tuple[slice, slice]]:
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


def forward_in_blocks(
    logits: Tensor,
) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """x, y, z, and for backward the peak and the total, (B, K) each.

    Two numbers, not their logsumexp: at logits of 1e4 that sum would be
    rounded to 1e-3, and the probabilities with it.
    """
    x, y, z, peak, total = empty_vectors(logits)
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


def empty_vectors(logits: Tensor) -> Tuple[Tensor, ...]:
    """What :func:`forward_in_blocks` fills; its shapes, for tracing."""
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


def backward_in_blocks(
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


def forward_at_once(logits: Tensor) -> Tuple[Tensor, ...]:
    """What :func:`forward_in_blocks` gives, without blocks."""
    cells = logits.to(torch.promote_types(logits.dtype, torch.float32))
    peak = cells.amax((2, 3, 4))
    weights = (cells - peak[..., None, None, None]).exp()
    sums = (weights.sum(axes) for axes in ((2, 3), (2, 4), (3, 4)))
    total = weights.sum((2, 3, 4))
    x, y, z = (vector / total[..., None] for vector in sums)
    return x, y, z, peak, total


def backward_at_once(
    logits: Tensor,
    peak: Tensor,
    slope_x: Tensor,
    slope_y: Tensor,
    slope_z: Tensor,
) -> Tensor:
    """What :func:`backward_in_blocks` gives, without blocks."""
    weights = (logits.to(peak.dtype) - peak[..., None, None, None]).exp()
    slope = slope_y[..., None, :, None] + slope_x[..., None, None, :]
    slope = slope + slope_z[..., None, None]
    return (weights * slope).to(logits.dtype)
