"""The integral, forward and backward, against the public formulations.

(8, 18, 64, 64, 64) logits as of a 3D model; in 2D the plain form serves.
The floor counts one read of the logits forward, one read and one write of the
gradient backward, over the copy bandwidth of the same run.
"""

import common
import peers
import torch

from integral_mmpose import functional as F

COMPILED = 'plain form, torch.compile'
PEERS = {
    'official': peers.official,
    'MMPose': peers.mmpose,
    'dsntnn': peers.dsntnn,
    'plain form': peers.plain,
}
CASE = '3D integral (8, 18, 64, 64, 64)'
SHAPE = (8, 18, 64, 64, 64)
GPU_TARGET = (
    '>= 70 % of the copy bandwidth, >= 4x official, peak <= 2.1x the logits'
)


def step_of(function, logits):
    """Forward and backward into a fresh gradient."""

    def step():
        logits.grad = None
        function(logits).sum().backward()

    return step


def times(shape, seconds, bandwidth):
    """Rows of time, the targets on the row of ours."""
    logits = torch.randn(shape, requires_grad=True)
    functions = dict(ours=F.integral, **PEERS)
    functions[COMPILED] = torch.compile(peers.plain, dynamic=False)
    steps = {n: step_of(f, logits) for n, f in functions.items()}
    notes = {}
    try:
        steps[COMPILED]()
    except Exception as error:  # no compiler on this machine
        notes = dict(note=f'torch.compile failed: {type(error).__name__}')
        steps.pop(COMPILED)
    found = common.measure(steps, seconds)
    ratios = {n: f.median / found['ours'].median for n, f in found.items()}
    target = '>= 2.5x official, >= 5x MMPose'
    reached = ratios['official'] >= 2.5 and ratios['MMPose'] >= 5
    goal = dict(target=target, reached=reached, **notes)
    floor = 1e3 * 3 * logits.nbytes / bandwidth
    return [
        common.row(
            CASE, name, f, floor=floor, **(goal if name == 'ours' else {})
        )
        for name, f in found.items()
    ]


def memory(shape):
    """Rows of memory beyond the logits and their gradient."""
    small = torch.randn(1, 2, *shape[2:], requires_grad=True)
    logits = torch.randn(shape, requires_grad=True)
    rows = []
    for name, function in dict(ours=F.integral, **PEERS).items():
        step_of(function, small)()
        logits.grad = None
        peak = common.extra_memory(step_of(function, logits))
        if peak is None:
            continue
        extra = max(0, peak - logits.nbytes)
        share = extra / logits.nbytes
        goal = {}
        if name == 'ours':
            goal = dict(target='<= 5 % of the logits', reached=share <= 0.05)
        note = f'{100 * share:.1f} % of the logits'
        rows.append(
            common.figure(
                f'{CASE}: extra memory',
                name,
                extra / common.MB,
                'MB',
                note=note,
                **goal,
            )
        )
    return rows


def gpu_rows(seconds, shape=(32, 18, 64, 64, 64), device='cuda'):
    """Time, share of the copy bandwidth and peak memory on a GPU.

    The operator that torch.compile makes for a GPU competes with what it
    makes of the plain form.
    """
    case = f'3D integral {shape} on a GPU'
    logits = torch.randn(shape, device=device, requires_grad=True)
    bandwidth = common.copy_bandwidth(min(2**28, logits.numel()), device)
    functions = dict(
        ours=F.integral, official=peers.official, MMPose=peers.mmpose
    )
    functions[COMPILED] = torch.compile(peers.plain, dynamic=False)
    steps = {n: step_of(f, logits) for n, f in functions.items()}
    found = common.measure(steps, seconds)
    floor = 1e3 * 3 * logits.nbytes / bandwidth
    rows = []
    for name, measurement in found.items():
        logits.grad = None
        extra = common.extra_memory(steps[name], device)
        peak = None if extra is None else 1 + extra / logits.nbytes
        share = floor / (1e3 * measurement.median)
        note = f'{100 * share:.0f} % of {bandwidth / 1e9:.0f} GB/s'
        note += '' if peak is None else f', peak {peak:.2f}x the logits'
        goal = {}
        if name == 'ours':
            lead = found['official'].median / measurement.median
            reached = share >= 0.7 and lead >= 4 and (peak or 1) <= 2.1
            goal = dict(target=GPU_TARGET, reached=reached)
        rows.append(
            common.row(case, name, measurement, floor=floor, note=note, **goal)
        )
    return rows


def run(quick: bool) -> list:
    shape = (max(1, SHAPE[0] // 8), *SHAPE[1:]) if quick else SHAPE
    seconds = 2 if quick else 20
    rows = memory(shape)
    return rows + times(shape, seconds, common.copy_bandwidth())
