"""Two processes have the gradient of one: the integral behind a layer."""

import json
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist

from integral_mmpose import functional as F


def compare(device: str) -> float:
    """Largest difference of the two gradients, relative to the largest."""
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(_rank, (device, folder), nprocs=2)
        return json.loads(Path(folder, 'off.json').read_text())


def _rank(rank: int, device: str, folder: str) -> None:
    """One of two: its half of a batch, gradients averaged."""
    place = torch.device(device, rank) if device == 'cuda' else device
    dist.init_process_group(
        'nccl' if device == 'cuda' else 'gloo',
        init_method=f'file://{folder}/store',
        rank=rank,
        world_size=2,
    )
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(4, 3 * 8, 1)
    inputs, truth = torch.randn(4, 4, 8, 8), 4 * torch.rand(4, 3, 3)
    expected = _gradient(layer, inputs, truth)
    layer = torch.nn.parallel.DistributedDataParallel(layer.to(place))
    mine = slice(2 * rank, 2 * rank + 2)
    got = _gradient(layer, inputs[mine].to(place), truth[mine].to(place))
    if rank == 0:
        off = float((got.cpu() - expected).abs().max() / expected.abs().max())
        Path(folder, 'off.json').write_text(json.dumps(off))
    dist.destroy_process_group()


def _gradient(layer, inputs, truth):
    layer.zero_grad()
    logits = layer(inputs).view(-1, 3, 8, 8, 8)
    (F.integral(logits) - truth).abs().mean().backward()
    return next(layer.parameters()).grad.clone()
