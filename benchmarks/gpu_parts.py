"""The parts of the GPU check: each yields rows, as ``common.figure``.

A part takes a :class:`Size`. ``FULL`` is for a GPU; ``TINY`` runs the same
code on a CPU, where its figures mean nothing, and is what the tests run.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator, NamedTuple, Optional, Tuple

import bm_integral
import bm_loader
import bm_step
import common
import mixed_precision
import torch
import two_processes
from frames import synthetic_frames
from mmcv.ops import get_compiling_cuda_version
from mmengine.registry import init_default_scope

from integral_mmpose import functional as F

ROOT = common.ROOT
H36M = ROOT / 'configs/body_3d_keypoint/integral/h36m'
#: The recipe of docs/how_to/train_human36m.md.
RECIPE = H36M / 'istar_res50_4xb32-140e-bf16_h36m-mpii-256x256.py'
GPU_TESTS = (
    'tests/test_functional/test_gpu.py',
    'tests/test_models/test_gpu.py',
)
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
#: Bytes of a GPU that a training step takes for a picture of ResNet-50 with
#: 64^3 bins, above the weights: activations 110 MB, volumes 18 x 64^3 x 4 B x
#: 4 = 76 MB, deconvolutions 70 MB; rounded up.
BYTES_PER_IMAGE = 350e6
#: Logits, gradient and the copies of the other formulations.
VOLUMES = 8


class Size(NamedTuple):
    """How large the parts are."""

    device: str = 'cuda'
    logits: Tuple[int, ...] = (32, 18, 64, 64, 64)
    step: bm_step.Setting = bm_step.Setting('cuda', 32, amp=torch.bfloat16)
    seconds: float = 8.0
    config: Path = RECIPE
    dtypes: Tuple[str, ...] = ('bfloat16', 'float16')
    batch: int = 8
    iterations: int = 200
    frame: int = 256  #: px of the loader's crops


FULL = Size()
TINY = Size(
    device='cpu',
    logits=(1, 2, 8, 8, 8),
    step=bm_step.Setting(
        batch=1, depth=18, size=64, bins=4, amp=torch.bfloat16
    ),
    seconds=0.1,
    config=H36M / 'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py',
    dtypes=('bfloat16',),
    batch=2,
    iterations=4,
    frame=64,
)


def free_memory(device: str) -> float:
    """Bytes that are free on the GPU."""
    return torch.cuda.mem_get_info()[0] if device == 'cuda' else float('inf')


def too_small(device: str, needed: float) -> Optional[str]:
    """What to say where the GPU has less than ``needed`` bytes free."""
    free = free_memory(device)
    if free >= needed:
        return None
    return f'it needs {needed / 1e9:.1f} GB of the GPU, {free / 1e9:.1f} free'


def accuracy(size: Size) -> Iterator[dict]:
    """The integral in three precisions against float64, eager and compiled.

    The reference is the plain form of the same rounded logits; the gradient
    is rounded to their type, so its bound is one unit in the last place.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (min(2, size.logits[0]), *size.logits[1:])
    logits = 3 * torch.randn(shape, generator=generator)
    slopes = torch.randn(*shape[:2], 3, generator=generator)
    forms = {
        'ours': F.integral,
        'ours, torch.compile': torch.compile(F.integral, dynamic=False),
    }
    for dtype in DTYPES:
        rounded = logits.to(size.device, dtype)
        truth = _joints_and_gradient(_plain, rounded.double(), slopes)
        for name, function in forms.items():
            found = _joints_and_gradient(function, rounded, slopes)
            error, off = (
                float((a.double() - b).abs().max())
                for a, b in zip(found, truth)
            )
            share = off / float(truth[1].abs().max())
            bound = max(torch.finfo(dtype).eps, 1e-5)
            yield common.figure(
                f'integral of {shape}, {str(dtype).split(".")[-1]}, '
                'largest error against float64',
                name,
                error,
                'bins',
                target=f'<= 1e-3 bins, gradient <= {bound:.1g} of its largest',
                reached=error <= 1e-3 and share <= bound,
                note=f'gradient {share:.1g}',
            )


def _plain(logits):
    return F.vectors_to_coordinates(F.plain_marginals(logits))


def _joints_and_gradient(function, logits, slopes):
    logits = logits.detach().requires_grad_()
    joints = function(logits)
    (joints * slopes.to(joints)).sum().backward()
    return joints.detach(), logits.grad


def integral(size: Size) -> Iterator[dict]:
    """Time, bandwidth and memory of the integral beside the others."""
    needed = VOLUMES * 4 * torch.Size(size.logits).numel()
    why = too_small(size.device, needed)
    if why:
        yield common.not_measured(f'3D integral {size.logits}', why)
        return
    yield from bm_integral.gpu_rows(size.seconds, size.logits, size.device)


def step(size: Size) -> Iterator[dict]:
    """Training steps in 3D and 2D, with the batch that fits."""
    why = too_small(size.device, 4 * BYTES_PER_IMAGE)
    if why:
        yield common.not_measured('training step', why)
        return
    setting = size.step
    while setting.batch * BYTES_PER_IMAGE > free_memory(size.device):
        setting = setting._replace(batch=setting.batch // 2)
    yield from bm_step.three_dimensions(2 * size.seconds, setting)
    yield from bm_step.two_dimensions(size.seconds, setting)


def training(size: Size) -> Iterator[dict]:
    """Trainings in half precision follow float32's losses."""
    why = too_small(size.device, size.batch * BYTES_PER_IMAGE)
    case = f'mean loss of the last half of {size.iterations} steps'
    if why:
        yield common.not_measured(case, why)
        return
    curves = {}
    for dtype in (None, *size.dtypes):
        curves[dtype] = mixed_precision.losses(
            str(size.config), size.device, dtype, size.batch, size.iterations
        )
        half = curves[dtype][size.iterations // 2 :]
        goal = {}
        if dtype:
            off = mixed_precision.deviation(curves[None], curves[dtype])
            goal = dict(
                target=f'<= {100 * mixed_precision.TOLERANCE:.0f} % from '
                'float32',
                reached=off <= mixed_precision.TOLERANCE,
                note=f'{100 * off:.1f} % from float32',
            )
        yield common.figure(
            f'{case}, {size.config.stem}',
            dtype or 'float32',
            sum(half) / len(half),
            '',
            **goal,
        )


def tests(size: Size) -> Iterator[dict]:
    """The tests marked ``gpu``."""
    command = ['-m', 'pytest', '-q', '-m', 'gpu', *GPU_TESTS]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]
    print(done.stdout if done.returncode else last, flush=True)
    yield common.figure(
        'tests marked gpu',
        'ours',
        None,
        '',
        target='all pass',
        reached=done.returncode == 0,
        note=last.strip('= '),
    )


def loader(size: Size) -> Iterator[dict]:
    """Images a second that one core loads; the cores that a GPU needs."""
    init_default_scope('mmpose')
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, 'frames')
        root.mkdir()
        synthetic_frames(root)
        data = bm_loader.variants(root, size.frame)
        chosen = {n: data[n] for n in (bm_loader.OURS, bm_loader.REDUCED)}
        rates = bm_loader.images_per_second(chosen, size.seconds / 2)
    for name, (low, median, high) in rates.items():
        yield common.figure(
            f'loader of one core, frames of 1000 px, crops of {size.frame}',
            name,
            float(median),
            'images/s',
            iqr=float(high - low),
        )


def processes(size: Size) -> Iterator[dict]:
    """Two processes have the gradient of one."""
    case = 'two processes: gradient against one process'
    if size.device == 'cuda' and torch.cuda.device_count() < 2:
        yield common.not_measured(case, 'there is one GPU')
        return
    off = two_processes.compare(size.device)
    yield common.figure(
        case, 'ours', off, '', target='<= 1e-4', reached=off <= 1e-4
    )


def demo(size: Size) -> Iterator[dict]:
    """``make demo`` on this device."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, ROOT / 'demo/run_demo.py', '--out', out]
        subprocess.run([str(c) for c in command], check=True)
        summary = json.loads(Path(out, 'summary.json').read_text())
    seconds = summary['seconds']
    errors = {n: summary[n]['MPJPE'] for n in ('istar', 'h1')}
    yield common.figure(
        'make demo',
        'ours',
        sum(seconds.values()),
        's',
        target='I* below H1',
        reached=errors['istar'] < errors['h1'],
        note='MPJPE {istar:.1f} and {h1:.1f} mm'.format(**errors),
    )


def detector(size: Size) -> Iterator[dict]:
    """Whether person detectors can run on the GPU."""
    found = get_compiling_cuda_version()
    case = "mmcv's CUDA operators, which only person detectors need"
    if found == 'not available':
        yield common.not_measured(
            case,
            'mmcv has none, so detectors run on the CPU; '
            'MMCV_OPS=compile FORCE_CUDA=1 make setup compiles them',
        )
        return
    yield common.figure(case, 'ours', None, '', note=f'for CUDA {found}')


#: Name -> (part, its limit in seconds): what matters most comes first.
PARTS = {
    'detector': (detector, 30),
    'accuracy': (accuracy, 90),
    'integral': (integral, 90),
    'step': (step, 100),
    'loader': (loader, 40),
    'training': (training, 75),
    'tests': (tests, 60),
    'processes': (processes, 40),
    'demo': (demo, 300),
}
