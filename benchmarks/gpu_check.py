"""Check and measure this package on one GPU, in at most 8 minutes.

    python benchmarks/gpu_check.py [--out DIR] [--only step,training]

Each part runs in a process of its own with a limit of its own. Every row is
written at once, to ``gpu_check.json`` and, as a table, ``gpu_check.md``: a
run that is cut off keeps what it measured.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path
from typing import Callable, List, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
for path in (ROOT / 'tools/dataset_converters', ROOT, HERE):
    sys.path.insert(0, str(path))

import common  # noqa: E402
import torch  # noqa: E402
from run import show  # noqa: E402
from write_performance import section  # noqa: E402

OUT = ROOT / 'work_dirs/gpu_check'
MINUTES = 8.0
CHILD = (sys.executable, __file__)
ROW, END = 'gpu_check row: ', 'gpu_check end'
#: Parts whose targets are about being right; the others are about speed.
RIGHT = ('accuracy', 'training', 'tests', 'processes')


def obstacle() -> Optional[str]:
    """Why this machine cannot run the check; None where it can."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        available = torch.cuda.is_available()
    built = torch.version.cuda
    if built is None:
        return (
            f'torch {torch.__version__} was built without CUDA, so there is '
            'nothing to check; install a build for CUDA from pytorch.org'
        )
    if not available:
        reason = ''.join(f': {str(w.message).splitlines()[0]}' for w in said)
        return (
            f'there is no GPU that torch {torch.__version__} (CUDA {built}) '
            f'can use, so nothing was measured{reason[:300]}'
        )
    try:
        torch.ones(8, device='cuda').mul(2).sum().item()
    except RuntimeError as error:
        return (
            f'{torch.cuda.get_device_name()} cannot run torch '
            f'{torch.__version__}, which was built for CUDA {built} and '
            f'{" ".join(torch.cuda.get_arch_list())}: '
            f'{str(error).splitlines()[0]}'
        )
    return None


def run_part(name: str, limit: float, keep: Callable, tiny: bool) -> bool:
    """Run a part in a child; whether it ended well and in time.

    Args:
        name (str): The part.
        limit (float): Seconds, after which it is killed.
        keep (callable): Takes each row as it comes.
        tiny (bool): On the CPU, with tiny inputs.
    """
    child = subprocess.Popen(
        [*CHILD, '--part', name] + ['--tiny'] * tiny,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    late = threading.Event()
    timer = threading.Timer(limit, lambda: (late.set(), kill(child)))
    timer.start()
    try:
        for line in child.stdout:
            if line.startswith(ROW):
                keep(json.loads(line[len(ROW) :]))
            elif line.startswith(END):
                return True  # without waiting for torch's compile workers
            else:
                print(line, end='', flush=True)
    finally:
        timer.cancel()
        kill(child)
    if late.is_set():
        why = f'the part took longer than {limit:.0f} s'
        keep(common.not_measured(f'the rest of {name}', why))
    else:
        why = 'failed, see above'
        keep(common.figure(name, 'ours', None, '', reached=False, note=why))
    return False


def kill(child: subprocess.Popen) -> None:
    """Kill a child with the processes that it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_child(name: str, tiny: bool) -> int:
    """The child: print the rows of a part as they come."""
    import gpu_parts

    size = gpu_parts.TINY if tiny else gpu_parts.FULL
    try:
        for row in gpu_parts.PARTS[name][0](size):
            print(ROW + json.dumps(row), flush=True)
    except torch.cuda.OutOfMemoryError as error:
        words = f'the memory of the GPU is too small: {error}'.split('. ')
        row = common.not_measured(name, '. '.join(words[:2]))
        print(ROW + json.dumps(row), flush=True)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return 1
    print(END, flush=True)
    return 0


def loader_cores(results: dict) -> List[dict]:
    """Cores that keep 1, 4 and 8 GPUs busy, from rates that were measured."""
    rates = {r['formulation']: r['median'] for r in results.get('loader', [])}
    steps = [
        row
        for row in results.get('step', [])
        if row['case'].startswith('3D') and row['unit'] == 'ms'
    ]
    rows = []
    for row in steps:
        if 'images/s' not in row['note'] or row['formulation'].endswith('=6'):
            continue
        rate = float(row['note'].split(' images/s')[0])
        cores = ', '.join(
            f'{name}: ' + ' / '.join(f'{n * rate / r:.1f}' for n in (1, 4, 8))
            for name, r in rates.items()
            if r
        )
        if cores:
            rows.append(
                common.figure(
                    'loader cores for 1 / 4 / 8 GPUs (on paper)',
                    row['formulation'],
                    rate,
                    'images/s',
                    note=cores,
                )
            )
    return rows


class Record:
    """The results so far; every row is written as it comes."""

    def __init__(self, out: Path) -> None:
        self.out, self.results = out, {}
        self.machine = common.machine()
        out.mkdir(parents=True, exist_ok=True)

    def keep(self, part: str, row: dict) -> None:
        """Add a row, show it and write both files."""
        self.results.setdefault(part, []).append(row)
        show([row])
        content = {
            name: dict(machine=self.machine, rows=rows)
            for name, rows in self.results.items()
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + '\n'
        (self.out / 'gpu_check.json').write_text(text, 'utf-8')
        tables = '\n'.join(section(n, f) for n, f in content.items())
        title = self.machine['gpu'] or 'the CPU, for a test'
        (self.out / 'gpu_check.md').write_text(
            f'# GPU check: {title}\n\n{tables}', 'utf-8'
        )

    @property
    def failed(self) -> List[str]:
        """Parts that are wrong, whatever their speed."""
        return [
            name
            for name, rows in self.results.items()
            if any(
                row['reached'] is False
                and (name in RIGHT or row['median'] is None)
                for row in rows
            )
        ]


def check(names: List[str], out: Path, minutes: float, tiny: bool) -> Record:
    """Run parts one by one until the time is over."""
    import gpu_parts

    record = Record(out)
    end = time.monotonic() + 60 * minutes
    for name in names:
        limit = min(gpu_parts.PARTS[name][1], end - time.monotonic())
        print(f'== {name}', flush=True)

        def keep(row, name=name):
            record.keep(name, row)

        if limit < 5:
            why = f'{minutes:g} minutes were over'
            keep(common.not_measured(name, why))
            continue
        run_part(name, limit, keep, tiny)
    for row in loader_cores(record.results):
        record.keep('loader', row)
    return record


def main() -> int:
    """Run the check; 1 if there is no GPU or a part is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('--out', type=Path, default=OUT, help='folder')
    parser.add_argument('--only', help='some parts, split by commas')
    parser.add_argument('--minutes', type=float, default=MINUTES)
    parser.add_argument('--part', help=argparse.SUPPRESS)
    parser.add_argument('--tiny', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        return run_child(args.part, args.tiny)
    why = None if args.tiny else obstacle()
    if why:
        print(f'error: {why}')
        return 1
    import gpu_parts

    names = args.only.split(',') if args.only else list(gpu_parts.PARTS)
    unknown = sorted(set(names) - set(gpu_parts.PARTS))
    if unknown:
        print(f'error: no part {unknown}, choose of {list(gpu_parts.PARTS)}')
        return 1
    record = check(names, args.out, args.minutes, args.tiny)
    print(f'wrote gpu_check.json and gpu_check.md to {args.out}')
    if record.failed:
        print(f'error: wrong: {", ".join(record.failed)}')
    return 1 if record.failed else 0


if __name__ == '__main__':
    sys.exit(main())
