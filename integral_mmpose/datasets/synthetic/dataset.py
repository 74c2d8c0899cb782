"""Makes the three embedded data sets in one folder, once.

``synthetic.json`` tells what a folder holds. It is written as incomplete
before the first image and as complete after the last file, so a killed run
is noticed and made again, and finished data are never overwritten.
"""
import json
import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path

import cv2

from . import coco, h36m, mpii

VERSION = 1  # of the generator: change it when the same seed looks different
SCALES = ('tiny', 'small', 'full')
MANIFEST = 'synthetic.json'
PARTS = dict(h36m=(h36m, h36m.render_trial), mpii=(mpii, mpii.render_chunk),
             coco=(coco, coco.render_chunk))


def make_synthetic(out, seed=0, scale='tiny', jobs=None, log=print):
    """Write ``out/h36m``, ``out/mpii`` and ``out/coco``.

    Args:
        out (str | Path): Folder; new, empty, half made, or complete.
        seed (int): Not negative. Fixes every byte of the data.
        scale (str): 'tiny', 'small' or 'full'.
        jobs (int | None): Processes; None for one per available core. The
            data do not depend on it.
        log (Callable[[str], None]): Called with lines of progress.

    Returns:
        dict: The manifest.

    Raises:
        ValueError: For a bad argument.
        FileExistsError: If the folder holds other data.
    """
    if scale not in SCALES:
        raise ValueError(f'scale is {scale!r}, expected one of {SCALES}')
    if seed < 0:
        raise ValueError(f'seed is {seed}, expected 0 or more')
    out = Path(out)
    wanted = dict(seed=seed, scale=scale, version=VERSION)
    found = _read_manifest(out)
    if found and found.get('complete'):
        if all(found.get(k) == v for k, v in wanted.items()):
            log(f'{out}: seed {seed}, scale {scale} is complete')
            return found
        raise FileExistsError(
            f'{out / MANIFEST}: holds seed {found.get("seed")}, scale '
            f'{found.get("scale")}, version {found.get("version")}; wanted '
            f'{wanted}. Give another --out or remove the folder')
    present = [part for part in PARTS if (out / part).exists()]
    if present and not found:
        raise FileExistsError(
            f'{out}: has {present[0]}/ but no {MANIFEST}, so it was not made '
            'by this tool. Give another --out')
    for part in present:
        log(f'{out / part}: half made, making it again')
        shutil.rmtree(out / part)
    out.mkdir(parents=True, exist_ok=True)
    _write_manifest(out, dict(wanted, complete=False))
    counts = {}
    jobs = jobs or len(os.sched_getaffinity(0)) if hasattr(
        os, 'sched_getaffinity') else jobs or os.cpu_count()
    for part, (module, render) in PARTS.items():
        tasks = module.tasks(out / part, seed, scale)
        results = _run(part, render, tasks, jobs, log)
        counts[part] = module.write_annotations(out / part, seed, results)
    manifest = dict(wanted, complete=True, counts=counts)
    _write_manifest(out, manifest)
    return manifest


def _run(part, render, tasks, jobs, log):
    """Results of ``render(*task)`` in the order of the tasks."""
    start, images, results = time.monotonic(), 0, []
    said = start
    for result in _map(render, tasks, jobs):
        results.append(result)
        images += len(result)
        now = time.monotonic()
        if now - said > 2 or len(results) == len(tasks):
            said = now
            log(f'{part}: {100 * len(results) // len(tasks)} %, {images} '
                f'images, {images / (now - start):.0f} images/s')
    return results


def _map(render, tasks, jobs):
    if jobs == 1:
        yield from (render(*task) for task in tasks)
        return
    # fork spares every process the import of torch; nothing but numpy and
    # OpenCV with one thread runs in them
    method = 'fork' if sys.platform == 'linux' else 'spawn'
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        context = multiprocessing.get_context(method)
        with context.Pool(jobs) as pool:
            yield from pool.imap(_call, ((render, task) for task in tasks))
    finally:
        cv2.setNumThreads(threads)


def _call(job):
    render, task = job
    return render(*task)


def _read_manifest(out):
    path = out / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = json.loads(path.read_text())
    except ValueError:
        manifest = None
    # A torn file is that of a run that was killed
    return manifest if isinstance(manifest, dict) else dict(complete=False)


def _write_manifest(out, manifest):
    temporary = out / (MANIFEST + '.tmp')
    temporary.write_text(json.dumps(manifest, indent=1) + '\n')
    os.replace(temporary, out / MANIFEST)
