"""Generate all three data sets, in parallel and reproducibly.

The random numbers of a picture depend on the seed and its number only, so
neither the number of processes nor the size of the set changes it.
"""

import json
import os
import shutil
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from mmengine.fileio import dump

from integral_mmpose.datasets.actions import CAMERA_IDS

from . import coco_writer, h36m_writer, mpii_writer

VERSION = 2
MANIFEST = 'synthetic.json'


class Scale(NamedTuple):
    """Frames of a Human3.6M sequence, pictures of MPII and COCO."""

    train_frames: int
    test_frames: int
    extra_frames: int
    mpii: tuple
    coco: tuple


SCALES = dict(
    check=Scale(1, 1, 0, (40, 20), (24, 12)),
    tiny=Scale(8, 5, 2, (2000, 300), (200, 60)),
    small=Scale(40, 8, 10, (10000, 1500), (1000, 300)),
    full=Scale(160, 20, 40, (22000, 3000), (4000, 1000)),
)


def count_images(sizes):
    """All images of a ``Scale``."""
    work = h36m_writer.plan(*sizes[:3]).values()
    frames = sum(len(each) for part in work for *_, each in part)
    return frames * len(CAMERA_IDS) + sum(sizes.mpii + sizes.coco)


def generate(out, seed, scale, jobs=1, progress=print):
    """Write ``out``/h36m, mpii and coco, unless they are complete.

    Args:
        out (str): Folder; created if it is missing.
        seed (int): Not negative.
        scale (str | Scale): A name of ``SCALES``, or other sizes.
        jobs (int): Processes.
        progress (callable): Called with a line of text now and then.

    Returns:
        dict: The manifest, with the counts.

    Raises:
        ValueError: If ``out`` holds a set of another seed, scale or version,
            or other files.
    """
    out = Path(out)
    sizes = SCALES[scale] if isinstance(scale, str) else scale
    wanted = dict(version=VERSION, seed=seed, scale=list(sizes))
    wanted = json.loads(json.dumps(wanted))
    found = _read_manifest(out)
    if found is not None:
        if {key: found.get(key) for key in wanted} != wanted:
            raise ValueError(
                f'{out} holds synthetic data of another seed, scale or '
                f'version ({found}). Choose another --out, or delete it'
            )
        if found['complete']:
            progress(f'{out} is complete already: {found["counts"]}')
            return found
    elif out.is_dir() and any(out.iterdir()):
        raise ValueError(
            f'{out} is not empty and has no {MANIFEST}: choose an empty or '
            'a new folder for --out'
        )
    out.mkdir(parents=True, exist_ok=True)
    for name in ('h36m', 'mpii', 'coco'):
        shutil.rmtree(out / name, ignore_errors=True)
    dump(dict(wanted, complete=False), out / MANIFEST)
    with _workers(jobs) as pool:
        counts = _h36m(out / 'h36m', seed, sizes, pool, progress)
        for writer, root, numbers in (
            (mpii_writer, out / 'mpii', sizes.mpii),
            (coco_writer, out / 'coco', sizes.coco),
        ):
            counts |= _pictures(writer, root, seed, numbers, pool, progress)
    manifest = dict(wanted, complete=True, counts=counts)
    dump(manifest, out / MANIFEST)
    return manifest


def _workers(jobs):
    if jobs == 1:
        return ThreadPoolExecutor(1)
    # A fork would copy the locks of OpenCV's and torch's threads.
    pool = ProcessPoolExecutor(jobs, get_context('spawn'), _start_worker)
    with _interrupts_ignored():
        for _ in range(jobs):
            pool.submit(int)  # starts one
    return pool


def _start_worker() -> None:
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot end its workers, which would wait for ever."""
    parent_process().join()
    os._exit(1)


@contextmanager
def _interrupts_ignored():
    """Processes that start meanwhile leave Ctrl-C to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _h36m(root, seed, sizes, pool, progress):
    counts = {}
    h36m_writer.write_cameras(root, seed)
    plan = h36m_writer.plan(*sizes[:3])
    for split, work in plan.items():
        rows = []
        job = partial(h36m_writer.write_sequences, str(root), seed)
        for done, part in enumerate(pool.map(job, *zip(*work)), 1):
            rows.append(part)
            if done % 15 == 0 or done == len(work):
                progress(f'h36m {split}: {done} of {len(work)} actions')
        columns = {
            key: np.concatenate([row[key] for row in rows]) for key in rows[0]
        }
        np.savez(root / 'annotations' / f'h36m_{split}.npz', **columns)
        counts[f'h36m_{split}'] = len(columns['imgname'])
    return counts


def _pictures(writer, root, seed, numbers, pool, progress):
    counts, everything = {}, []
    for split, number in zip(writer.SPLITS, numbers):
        results = []
        job = partial(writer.write_image, str(root), seed, split)
        for result in pool.map(job, range(number), chunksize=8):
            results.append(result)
            if len(results) % 500 == 0 or len(results) == number:
                progress(f'{root.name} {split}: {len(results)} of {number}')
        writer.write_annotations(root, split, results)
        counts[f'{root.name}_{split}'] = number
        everything.append(results)
    writer.write_benchmark(root, seed, *everything)
    return counts


def _read_manifest(out):
    path = out / MANIFEST
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} is broken ({error}): delete {out}') from None
