"""A cache of person crops: Human3.6M's layout in, the same layout out.

A frame of 1000 px is read for a person of about 400 px. Cut out once, at
the size that training needs, the images are a fraction of the bytes and of the
time. What a crop is stands in ``rows``; its rows have the camera of each
image, so that everything in mm is as it was.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from integral_mmpose.datasets.body.camera_space_annotations import (
    check_annotations,
)
from integral_mmpose.datasets.body.h36m import H36MImageDataset
from integral_mmpose.datasets.body.h36m_cameras import read_cameras
from integral_mmpose.datasets.body.h36m_files import read_annotations
from integral_mmpose.datasets.checks import annotation_error, load_npz
from integral_mmpose.datasets.jpeg import read_reduced
from integral_mmpose.datasets.transforms.loading import checked, read_file
from integral_mmpose.files import write_atomically

from .rows import Rows, crop_boxes, crop_image, crop_rows
from .video import write_image

FIELDS = ('imgname', 'center', 'scale', 'part', 'S')


def read_rows(root: str, split: str) -> Tuple[Rows, np.ndarray]:
    """The checked rows of a split of whole images, and their cameras.

    The cameras are (n, 4) f_x, f_y, c_x, c_y in px.
    """
    path = str(Path(root, f'annotations/h36m_{split}.npz'))
    annotations = read_annotations(path)
    rows = load_npz(path, 'the Human3.6M annotation file', FIELDS)
    _check_names(rows['imgname'].tolist(), path)
    if annotations.intrinsics is not None:
        raise ValueError(
            f'{path}: field `f` says that the images are crops already. '
            'Cut crops out of the whole images.'
        )
    cameras = read_cameras(
        str(Path(root, 'annotations/cameras.json')),
        annotations.groups['subject'],
        annotations.groups['camera_id'],
    )
    annotations = annotations._replace(intrinsics=cameras)
    check_annotations(annotations, 17, path, H36MImageDataset.FIELDS)
    return rows, cameras


def _check_names(names: List[str], path: str) -> None:
    """Every crop is written below ``out``, and once."""
    ids: Dict[Path, int] = {}
    for id_, name in enumerate(names):
        place = Path(name)
        if place.is_absolute() or '..' in place.parts:
            problem = f'leads out of the folder of the images: {name!r:.100}'
            raise annotation_error(path, id_, 'imgname', problem)
        if ids.setdefault(place, id_) != id_:
            problem = f'is also that of id {ids[place]}: {name!r:.100}'
            fix = 'Remove one of them: a crop is of one person.'
            raise annotation_error(path, id_, 'imgname', problem, fix)


def plan_crops(
    rows: Rows, cameras: np.ndarray, side_px: int
) -> Tuple[Rows, np.ndarray]:
    """The rows of the crops; boxes (n, 3): left, top and side in px."""
    focal, principal = cameras[:, :2], cameras[:, 2:]
    boxes = crop_boxes(rows['part'][..., :2], 1000 * rows['S'], focal)
    return crop_rows(rows, boxes, focal, principal, side_px), boxes


def write_crops(
    root: str,
    out: str,
    names: List[str],
    boxes: np.ndarray,
    side_px: int,
    jobs: int = 1,
) -> int:
    """Cut the images that are not there yet; gives how many.

    Each is whole or not there.
    """

    def cut(name: str, box: np.ndarray) -> int:
        target = Path(out, 'images', name)
        if target.exists():
            return 0
        source = str(Path(root, 'images', name))
        image = checked(read_reduced, source, read_file(source), 1)
        write_image(target, crop_image(image, box, side_px))
        return 1

    with ThreadPoolExecutor(jobs) as pool:
        # After an error, map cancels what has not begun.
        return sum(pool.map(cut, names, boxes))


def claim_folder(
    root: str, out: str, side_px: int, plans: Dict[str, tuple]
) -> None:
    """Note in ``out`` what its crops are, or check it: they never mix.

    ``plans`` has the :func:`plan_crops` of each split.
    """
    note = Path(out, 'crops.json')
    wanted = dict(root=str(Path(root).resolve()), side_px=side_px)
    splits = {split: _digest(*plan) for split, plan in plans.items()}
    known: Dict[str, str] = {}
    if note.is_file():
        try:
            found = json.loads(note.read_text('utf-8'))
        except ValueError:
            found = None
        known = found.pop('sha256', {}) if isinstance(found, dict) else {}
        if found != wanted:
            raise ValueError(
                f'{note} says {found}, not {wanted}. Choose another --out, or '
                f'delete {out}.'
            )
        changed = [s for s in splits if known.get(s, splits[s]) != splits[s]]
        if changed:
            raise ValueError(
                f'{root}: its {changed[0]} split has other frames, joints or '
                f'cameras than the crops in {out} are of. Choose another '
                f'--out, or delete {out}.'
            )
    elif Path(out, 'images').exists() or Path(out, 'annotations').exists():
        raise ValueError(
            f'{out} holds images or annotations that are not from here. '
            'Choose an empty or a new folder for --out.'
        )
    content = dict(wanted, sha256=known | splits)
    write_atomically(note, json.dumps(content).encode())


def _digest(rows: Rows, boxes: np.ndarray) -> str:
    """Of what is cut out of which image."""
    digest = hashlib.sha256('\n'.join(rows['imgname'].tolist()).encode())
    digest.update(np.ascontiguousarray(boxes, np.float64).tobytes())
    return digest.hexdigest()
