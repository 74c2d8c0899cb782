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
from integral_mmpose.datasets.body.h36m_files import (
    parse_name,
    read_annotations,
)
from integral_mmpose.datasets.checks import load_npz
from integral_mmpose.datasets.jpeg import read_reduced
from integral_mmpose.datasets.transforms.loading import checked, read_file
from integral_mmpose.files import write_atomically

from .rows import (
    Camera,
    Rows,
    crop_boxes,
    crop_image,
    crop_rows,
    join_rows,
)
from .video import write_image

FIELDS = ('imgname', 'center', 'scale', 'part', 'S')


def read_rows(root: str, split: str) -> Tuple[Rows, Dict[tuple, Camera]]:
    """The checked rows of a split of whole images, and their cameras."""
    path = str(Path(root, f'annotations/h36m_{split}.npz'))
    annotations = read_annotations(path)
    if annotations.intrinsics is not None:
        raise ValueError(
            f'{path}: field `f` says that the images are crops already. '
            'Cut crops out of the whole images.'
        )
    rows = load_npz(path, 'the Human3.6M annotation file', FIELDS)
    subjects = annotations.groups['subject']
    camera_ids = annotations.groups['camera_id']
    table = read_cameras(
        str(Path(root, 'annotations/cameras.json')), subjects, camera_ids
    )
    check_annotations(
        annotations._replace(intrinsics=table),
        17,
        path,
        H36MImageDataset.FIELDS,
    )
    cameras = {
        key: Camera(R=np.eye(3), T=np.zeros(3), f=numbers[:2], c=numbers[2:])
        for key, numbers in zip(zip(subjects, camera_ids), table)
    }
    return rows, cameras


def plan_crops(
    rows: Rows, cameras: Dict[tuple, Camera], side_px: int
) -> Tuple[Rows, np.ndarray]:
    """The rows of the crops and what to cut out, in the order of ``rows``.

    Args:
        rows (dict): Of the whole images.
        cameras (dict): (subject, camera id) to the camera.
        side_px (int): Side of the crops.

    Returns:
        tuple: rows, and boxes (n, 3): left, top and side in px.
    """
    frames = [parse_name(name) for name in rows['imgname'].tolist()]
    keys = [(frame.subject, frame.camera_id) for frame in frames]
    cropped, boxes, order = [], [], []
    for key, camera in cameras.items():
        places = np.array([n for n, k in enumerate(keys) if k == key])
        part = {field: array[places] for field, array in rows.items()}
        cut = crop_boxes(part['part'][..., :2], 1000 * part['S'], camera)
        cropped.append(crop_rows(part, cut, camera, side_px))
        boxes.append(cut)
        order.append(places)
    back = np.argsort(np.concatenate(order))
    rows = {field: array[back] for field, array in join_rows(cropped).items()}
    return rows, np.concatenate(boxes)[back]


def write_crops(
    root: str,
    out: str,
    names: List[str],
    boxes: np.ndarray,
    side_px: int,
    jobs: int = 1,
) -> int:
    """Cut the images that are not there yet; each is whole or not there.

    Returns:
        int: How many were written.
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
        try:
            return sum(pool.map(cut, names, boxes))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def claim_folder(
    root: str, out: str, side_px: int, plans: Dict[str, tuple]
) -> None:
    """Note in ``out`` what its crops are, or check it: they never mix.

    Args:
        root (str): The folder with whole images.
        out (str): The folder with the crops.
        side_px (int): Side of the crops.
        plans (dict): Of :func:`plan_crops`, by split.
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
