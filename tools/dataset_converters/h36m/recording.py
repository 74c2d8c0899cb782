"""One recording of Human3.6M: from its three files to images and rows.

The rows are kept beside the images and written after the last of them, so
that a stopped conversion goes on where it was.
"""

import json
import os
import zipfile
from pathlib import Path
from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np

from integral_mmpose.datasets.body.h36m_files import make_rows
from integral_mmpose.files import write_atomically
from integral_mmpose.geometry import CalibratedCamera

from .archives import Files, read_poses
from .names import Recording
from .rows import (
    Rows,
    Steps,
    check_poses,
    crop_boxes,
    crop_image,
    crop_rows,
    npz_bytes,
)
from .video import extract_frames

#: Part of the width or height that a principal point may be off the middle;
#: those of Human3.6M are 0.02 off at most.
MOST_OFF_CENTRE = 0.04


class Job(NamedTuple):
    """A recording to convert."""

    recording: Recording
    files: Files
    camera: CalibratedCamera
    steps: Steps
    crop: Optional[int]
    out: str

    @property
    def part(self) -> Path:
        """Where its rows are kept; written after its last image."""
        return Path(self.out, '.recordings', f'{self.recording.name}.npz')

    @property
    def key(self) -> str:
        """Changes with the options and the files."""
        sizes = [os.path.getsize(path) for path in self.files]
        camera = self.camera.as_json()
        return json.dumps([self.steps, self.crop, camera, sizes])


class Part(NamedTuple):
    """What a recording gives: rows by split, and w, h of its video."""

    rows: Dict[str, Rows]
    size: Tuple[int, int]


def finished(job: Job) -> Optional[Part]:
    """The rows of an earlier run, if its options and images are the same."""
    if not job.part.is_file():
        return None
    try:
        with np.load(job.part, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    if str(content.pop('key', '')) != job.key:
        return None
    size = tuple(content.pop('size').tolist())
    rows = {}
    for name, array in content.items():
        split, field = name.split('.')
        rows.setdefault(split, {})[field] = array
    folder = Path(job.out, 'images', job.recording.subject, job.recording.name)
    present = set(os.listdir(folder)) if folder.is_dir() else set()
    names = {n.split('/')[-1] for r in rows.values() for n in r['imgname']}
    return Part(rows, size) if names <= present else None


def convert_recording(job: Job) -> Tuple[Part, str]:
    """Write the images, then the rows; with a remark for the log."""
    part = finished(job)
    if part:
        return part, 'finished before'
    job.part.unlink(missing_ok=True)
    pixels = read_poses(job.files.pixels, 2)
    points = read_poses(job.files.points, 3)
    if len(pixels) != len(points):
        raise ValueError(
            f'{job.files.points}: field `Pose` has {len(points)} frames, '
            f'{job.files.pixels} {len(pixels)}. Download both again.'
        )
    splits = job.steps.frames(job.recording, len(points))
    frames = sorted(set().union(*splits.values()))
    names = {frame: job.recording.image(frame) for frame in frames}
    check_poses(
        list(names.values()),
        pixels[frames],
        points[frames],
        job.camera,
        job.files.points,
        [f'frame {frame}' for frame in frames],
    )
    focal, principal = job.camera.focal, job.camera.principal
    boxes = crop_boxes(pixels, points, focal) if job.crop else None

    def cut(frame: int, image: np.ndarray) -> np.ndarray:
        return crop_image(image, boxes[frame], job.crop) if job.crop else image

    paths = {n: Path(job.out, 'images', name) for n, name in names.items()}
    hint = ', or leave it out (--skip-broken)' * job.recording.broken
    fix = f'Download it again{hint}.'
    written, size = extract_frames(job.files.video, paths, fix, cut)
    off = np.abs(np.divide(principal, size) - 0.5).max()
    if off > MOST_OFF_CENTRE:
        raise ValueError(
            f'{job.files.video}: has {size[0]} x {size[1]} px, and the '
            f'principal point of the camera is at {np.round(principal, 1)}: '
            f'the video was scaled. {fix}'
        )
    remark = f'{len(written)} images'
    if len(written) < len(frames):
        remark += f', {len(frames) - len(written)} after the end of the video'
    rows = {}
    for split, numbers in splits.items():
        kept = [frame for frame in numbers if frame in written]
        kept_names = [names[frame] for frame in kept]
        part = make_rows(kept_names, pixels[kept], points[kept] / 1000)
        if job.crop:
            part = crop_rows(part, boxes[kept], focal, principal, job.crop)
        rows[split] = part
    content = {f'{s}.{f}': a for s, r in rows.items() for f, a in r.items()}
    content.update(key=np.array(job.key), size=np.array(size))
    write_atomically(job.part, npz_bytes(content))
    return Part(rows, size), remark
