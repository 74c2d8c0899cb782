"""Run the jobs of a plan in order, show progress, survive failures."""

import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Tuple

from integral_mmpose.engine.find_checkpoint import checkpoints_in

from .children import Children, RunError
from .plan import Job
from .runs import Options, run_job, write_config

PATIENCE = 30.0  # seconds between two lines of progress


def epochs_done(job: Job, out: Path) -> int:
    """Number of the last epoch with a checkpoint; 0 without one."""
    names = [Path(path).stem for path in checkpoints_in(job.folder(out))]
    return int(names[0].removeprefix('epoch_')) if names else 0


class Progress:
    """Epochs of all jobs, and the time that the rest will take."""

    def __init__(self, jobs: List[Job], options: Options) -> None:
        self.jobs, self.options = jobs, options
        self.start = time.monotonic()
        self.before = {job: epochs_done(job, options.out) for job in jobs}
        self.total = sum(job.epochs for job in jobs)

    def line(self, finished: int, running: Iterable[Tuple[Job, int]]) -> str:
        done = {job: epochs_done(job, self.options.out) for job in self.jobs}
        here = sum(done.values()) - sum(self.before.values())
        seconds = time.monotonic() - self.start
        left = self.total - sum(done.values())
        now = ', '.join(
            f'{job.title} epoch {done[job]}/{job.epochs}' for job, _ in running
        )
        text = f'[{finished}/{len(self.jobs)} trainings'
        text += f', {sum(done.values())}/{self.total} epochs'
        if here:
            each = seconds / here
            rest = timedelta(seconds=round(left * each))
            text += f', {each:.1f} s an epoch, {rest} left'
        return f'{text}] {now}'


def run_plan(
    jobs: List[Job],
    options: Options,
    finished: Callable[[], None] = lambda: None,
    show: Callable[[str], None] = print,
) -> Dict[Job, str]:
    """Run every job after its parent; returns why some failed.

    ``finished`` is called after each evaluated job, ``show`` gets the lines of
    progress. The jobs are in the order of :func:`plan`.
    """
    for job in jobs:  # not in the threads: mmengine reads one config at a time
        write_config(job, options)
    children = Children()
    with ThreadPoolExecutor(options.jobs) as pool:

        def start(job, slot):
            return pool.submit(run_job, job, options, children, slot)

        try:
            return _loop(jobs, options, start, finished, show)
        except BaseException:
            children.stop()
            raise


def _loop(jobs, options, start, finished, show) -> Dict[Job, str]:
    progress, waiting, running = Progress(jobs, options), list(jobs), {}
    done, failed, slots = set(), {}, list(range(options.jobs))
    while waiting or running:
        for job in list(waiting):
            if job.parent in failed:
                waiting.remove(job)
                failed[job] = (
                    f'it starts from {job.parent.title}, which failed'
                )
                show(f'FAILED {job.title}: {failed[job]}')
            elif slots and (job.parent in done or job.parent not in jobs):
                waiting.remove(job)
                slot = slots.pop(0)
                running[start(job, slot)] = job, slot
                show(progress.line(len(done), running.values()))
        ended, _ = wait(running, PATIENCE, FIRST_COMPLETED)
        for future in ended:
            job, slot = running.pop(future)
            slots.append(slot)
            try:
                future.result()
            except Exception as error:  # the other rows go on
                known = isinstance(error, (RunError, OSError, ValueError))
                kind = '' if known else f'{type(error).__name__}: '
                failed[job] = f'{kind}{error}'
                show(f'FAILED {job.title}: {failed[job]}')
            else:
                done.add(job)
                if not job.is_first_half:
                    finished()
        if running and not ended:
            show(progress.line(len(done), running.values()))
    return failed
