"""What the benchmarks share: timing, memory, bandwidth, rows.

Formulations of a case are timed in turn, a call of each a round, so that
whatever else the machine does falls on all of them; the figures are medians
with interquartile ranges by ``torch.utils.benchmark``.
"""

import ctypes
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, Optional

import torch
from torch.utils.benchmark import Measurement, Timer

ROOT = Path(__file__).resolve().parents[1]
MB = 1e6


def measure(
    steps: Dict[str, Callable[[], None]], seconds: float, min_rounds: int = 5
) -> Dict[str, Measurement]:
    """Time each step in turn until the seconds are over.

    Args:
        steps (dict): What to time, by the name of the formulation.
        seconds (float): How long, for all of them together.
        min_rounds (int): Calls of each at least.

    Returns:
        dict: A measurement (median, iqr in seconds) by name.
    """
    timers = {
        name: Timer('step()', globals=dict(step=step))
        for name, step in steps.items()
    }
    for timer in timers.values():
        timer.timeit(1)  # warm-up, and the time of torch.compile
    found = {name: [] for name in steps}
    end = time.monotonic() + seconds
    rounds = 0
    while rounds < min_rounds or time.monotonic() < end:
        for name, timer in timers.items():
            found[name].append(timer.timeit(1))
        rounds += 1
    return {name: Measurement.merge(f)[0] for name, f in found.items()}


def row(case: str, formulation: str, measurement: Measurement, **more) -> dict:
    """A row of the results in ms; see ``more`` for the optional fields."""
    return figure(
        case,
        formulation,
        1e3 * measurement.median,
        'ms',
        iqr=1e3 * measurement.iqr,
        **more,
    )


def figure(case, formulation, median, unit, **more) -> dict:
    """A row with every field: target, reached, floor and note are optional.

    ``reached`` says whether the target is met; ``floor`` is the least that
    the hardware allows, in the same unit.
    """
    fields = dict(iqr=0.0, target='', reached=None, floor=None, note='')
    return dict(
        case=case,
        formulation=formulation,
        median=median,
        unit=unit,
        **{**fields, **more},
    )


def not_measured(case: str, why: str, **more) -> dict:
    """The row of a case that this machine cannot measure."""
    return figure(case, 'ours', None, '', note=f'not measured: {why}', **more)


def copy_bandwidth(size: int = 2**25, device: str = 'cpu') -> float:
    """Bytes a second of a copy, read and write counted (best of ten)."""
    source = torch.ones(size, device=device)
    target = torch.empty_like(source).copy_(source)
    timer = Timer('target.copy_(source)', globals=locals())
    best = min(timer.timeit(1).median for _ in range(10))
    return 2 * source.nbytes / best


def extra_memory(
    step: Callable[[], None], device: str = 'cpu'
) -> Optional[float]:
    """Bytes by which the memory of a step peaks above where it was.

    On a GPU: of what torch has allocated there. On a CPU: of the resident
    size, by the kernel's high-water mark of this process, set back before;
    what the allocator keeps of freed memory is given back first, or it would
    count as nothing. There the step should have run on a small input before,
    so that libraries are loaded. None without Linux's /proc and glibc.
    """
    if device == 'cuda':
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        return torch.cuda.max_memory_allocated() - before
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path('/proc/self/clear_refs').write_text('5')
        before = _status('VmRSS')
        step()
        return _status('VmHWM') - before
    except (OSError, AttributeError):
        return None


def _status(name: str) -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(name + ':'):
            return 1024 * int(line.split()[1])
    raise OSError(f'/proc/self/status has no {name}')


def _commit() -> Optional[str]:
    """Of the code; what the benchmarks write is no change of it."""
    written = [':!benchmarks/results.json', ':!docs/images']
    outputs = [
        subprocess.run(
            ['git', *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        for command in (
            ['rev-parse', '--short', 'HEAD'],
            ['status', '--porcelain', '-uno', '--', '.', *written],
        )
    ]
    return outputs[0] + '-dirty' * bool(outputs[1]) or None


def machine() -> dict:
    """What the figures depend on."""
    return dict(
        processor=_processor(),
        cores=os.cpu_count(),
        load=round(os.getloadavg()[0], 1),
        threads=torch.get_num_threads(),
        gpu=torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else None,
        torch=torch.__version__,
        python=platform.python_version(),
        commit=_commit(),
        date=time.strftime('%Y-%m-%d'),
    )


def _processor() -> str:
    path = Path('/proc/cpuinfo')
    lines = path.read_text().splitlines() if path.exists() else []
    names = [x.split(':')[1].strip() for x in lines if 'model name' in x]
    return names[0] if names else platform.machine()
