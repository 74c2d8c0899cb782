"""The integral, forward and backward, against the public formulations.

(8, 18, 64, 64, 64) logits as of a 3D model, (64, 17, 64, 64) as of a 2D one.
The floor counts one read of the logits forward, one read and one write of the
gradient backward, over the copy bandwidth of the same run.
"""

import common
import peers
import torch

from integral_mmpose import functional as F

COMPILED = 'plain form, torch.compile'
OURS_COMPILED = 'ours, torch.compile'
PEERS = {
    'official': peers.official,
    'MMPose': peers.mmpose,
    'dsntnn': peers.dsntnn,
    'plain form': peers.plain,
}
EAGER = (*PEERS, 'kornia')
CASES = {
    '3D integral (8, 18, 64, 64, 64)': (8, 18, 64, 64, 64),
    '2D integral (64, 17, 64, 64)': (64, 17, 64, 64),
}


def step_of(function, logits):
    """Forward and backward into a fresh gradient."""

    def step():
        logits.grad = None
        function(logits).sum().backward()

    return step


def formulations(shape):
    """Functions by name; ours first."""
    functions = dict(ours=F.integral, **PEERS)
    if len(shape) == 4:
        functions['kornia'] = peers.kornia_2d
        functions[OURS_COMPILED] = torch.compile(F.integral, dynamic=False)
    functions[COMPILED] = torch.compile(peers.plain, dynamic=False)
    return functions


def times(case, shape, seconds, bandwidth):
    """Rows of time, the targets on the row of ours."""
    logits = torch.randn(shape, requires_grad=True)
    steps = {
        name: step_of(function, logits)
        for name, function in formulations(shape).items()
    }
    notes = {}
    try:
        steps[COMPILED]()
    except Exception as error:  # no compiler on this machine
        notes = dict(note=f'torch.compile failed: {type(error).__name__}')
        for name in (COMPILED, OURS_COMPILED):
            steps.pop(name, None)
    found = common.measure(steps, seconds)
    ratios = {n: f.median / found['ours'].median for n, f in found.items()}
    if len(shape) == 5:
        target = '>= 2.5x official, >= 5x MMPose'
        reached = ratios['official'] >= 2.5 and ratios['MMPose'] >= 5
    else:
        target = 'never slower than the fastest peer, eager or compiled'
        eager = min(ratios[name] for name in ratios if name in EAGER)
        reached = eager >= 1
        notes['note'] = f'{eager:.2f}x the fastest eager peer'
        if OURS_COMPILED in found:
            # The same generated code: only what is beyond its spread counts.
            ours, peer = found[OURS_COMPILED], found[COMPILED]
            reached &= ours.median <= peer.median + peer.iqr
            ratio = peer.median / ours.median
            notes['note'] += f', compiled {ratio:.2f}x the compiled one'
    goal = dict(target=target, reached=reached, **notes)
    floor = 1e3 * 3 * logits.nbytes / bandwidth
    return [
        common.row(
            case, name, f, floor=floor, **(goal if name == 'ours' else {})
        )
        for name, f in found.items()
    ]


def memory(case, shape):
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
        if name == 'ours' and len(shape) == 5:
            goal = dict(target='<= 5 % of the logits', reached=share <= 0.05)
        note = f'{100 * share:.1f} % of the logits'
        rows.append(
            common.figure(
                f'{case}: extra memory',
                name,
                extra / common.MB,
                'MB',
                note=note,
                **goal,
            )
        )
    return rows


def gpu_rows(seconds):
    """Time, bandwidth and peak memory at (32, 18, 64, 64, 64) on a GPU."""
    case = '3D integral (32, 18, 64, 64, 64) on a GPU'
    target = (
        '>= 70 % of the copy bandwidth, >= 4x official, '
        'peak <= 2.1x the logits'
    )
    if not torch.cuda.is_available():
        return [common.not_measured(case, target)]
    logits = torch.randn(32, 18, 64, 64, 64, device='cuda', requires_grad=True)
    bandwidth = common.copy_bandwidth(device='cuda')
    functions = dict(
        ours=F.integral, official=peers.official, MMPose=peers.mmpose
    )
    steps = {n: step_of(f, logits) for n, f in functions.items()}
    found = common.measure(steps, seconds)
    floor = 1e3 * 3 * logits.nbytes / bandwidth
    rows = []
    for name, measurement in found.items():
        torch.cuda.reset_peak_memory_stats()
        steps[name]()
        peak = torch.cuda.max_memory_allocated() / logits.nbytes
        share = floor / (1e3 * measurement.median)
        lead = found['official'].median / measurement.median
        reached = share >= 0.7 and lead >= 4 and peak <= 2.1
        goal = dict(target=target, reached=reached) if name == 'ours' else {}
        note = f'{100 * share:.0f} % of the bandwidth, peak {peak:.2f}x'
        rows.append(
            common.row(case, name, measurement, floor=floor, note=note, **goal)
        )
    return rows


def run(quick: bool) -> list:
    cases = {
        case: (max(1, shape[0] // 8), *shape[1:]) if quick else shape
        for case, shape in CASES.items()
    }
    rows = []
    for case, shape in cases.items():
        rows += memory(case, shape)
    bandwidth = common.copy_bandwidth()
    for case, shape in cases.items():
        rows += times(case, shape, 2 if quick else 20, bandwidth)
    return rows + gpu_rows(2 if quick else 20)
