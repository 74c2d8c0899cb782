"""metadata.xml of Human3.6M: names of the trials, and all cameras.

    <mapping><tr><td>Action</td><td>..</td><td>S1</td>...</tr>
             <tr><td>2</td><td>1</td><td>Directions 1</td>...</tr>...</mapping>
    <dbcameras><index2id><id>54138969</id>...</index2id></dbcameras>
    <w0>[264 numbers of 4 cameras × 11 subjects × 6, then 4 × 9]</w0>

Convention: 6 = angles α, β, γ in rad and place T in mm, 9 = f (2), c (2),
k (3), p (2) in px. R = Rx(α) Ry(β) Rz(γ), and x = R (X − T).
"""

import re
import xml.etree.ElementTree as ET
from itertools import product
from pathlib import Path
from typing import Dict, NamedTuple, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from integral_mmpose.datasets.actions import ACTIONS
from integral_mmpose.datasets.checks import annotation_error, require_file
from integral_mmpose.geometry import CalibratedCamera

from .names import FIRST_ACTION, SUBJECTS

ALL_SUBJECTS = 11
CAMERAS = 4
EXTRINSICS, INTRINSICS = 6, 9
W0_NUMBERS = CAMERAS * (ALL_SUBJECTS * EXTRINSICS + INTRINSICS)
FIX = 'Take metadata.xml of the code release of Human3.6M as it is.'


class Metadata(NamedTuple):
    """Names by (subject, action, trial), cameras by (subject, camera id)."""

    names: Dict[Tuple[str, str, int], str]
    cameras: Dict[Tuple[str, str], CalibratedCamera]


def read_metadata(path: str) -> Metadata:
    """Read metadata.xml."""
    require_file(path, 'metadata.xml of Human3.6M', 'Give it by --metadata.')
    content = Path(path).read_bytes()
    if b'<!DOCTYPE' in content or b'<!ENTITY' in content:
        # Entities can grow to gigabytes; the release has none.
        raise ValueError(f'{path}: declares entities or a DOCTYPE. {FIX}')
    try:
        root = ET.fromstring(content)
    except ET.ParseError as error:
        raise ValueError(f'{path}: no readable XML ({error}). {FIX}') from None
    ids = [node.text or '' for node in root.findall('dbcameras/index2id/*')]
    wrong = [id_ for id_ in ids if not re.fullmatch('[0-9]+', id_)]
    if len(set(ids)) != CAMERAS or wrong:
        raise annotation_error(
            path, 'all', 'dbcameras/index2id', f'holds {ids}', FIX
        )
    w0 = _w0(root, path)
    cameras = {
        (subject, id_): _camera(w0, number, int(subject[1:]))
        for subject in SUBJECTS
        for number, id_ in enumerate(ids)
    }
    for (subject, id_), camera in cameras.items():
        if not (camera.focal > 0).all():
            raise annotation_error(
                path, f'{subject}/{id_}', 'w0', f'has f = {camera.focal}', FIX
            )
    return Metadata(_names(root, path), cameras)


def _names(root, path: str) -> Dict[Tuple[str, str, int], str]:
    table = [
        [cell.text or '' for cell in row] for row in root.findall('mapping/tr')
    ]
    header = table[0] if table else []
    # Of two equal columns the first: the last pair of a dict counts.
    rows = {
        tuple(row[:2]): dict([*zip(header, row)][::-1]) for row in table[1:]
    }
    names = {}
    numbered = enumerate(ACTIONS, FIRST_ACTION)
    for subject, (number, action), trial in product(
        SUBJECTS, numbered, (1, 2)
    ):
        name = rows.get((str(number), str(trial)), {}).get(subject, '')
        if not name.replace(' ', '').isalnum():
            where = f'{subject}, action {number} ({action}), trial {trial}'
            problem = f'is {name!r}, not a name'
            raise annotation_error(path, where, 'mapping', problem, FIX)
        names[subject, action, trial] = name
    return names


def _w0(root, path: str) -> np.ndarray:
    words = root.findtext('w0', '').strip().strip('[]').split()
    try:
        w0 = np.array(words, np.float64)
    except ValueError:
        w0 = np.empty(0)
    if len(w0) != W0_NUMBERS or not np.isfinite(w0).all():
        problem = f'must hold {W0_NUMBERS} numbers, got {len(w0)}'
        raise annotation_error(path, 'all', 'w0', problem, FIX)
    return w0


def _camera(w0: np.ndarray, camera: int, subject: int) -> CalibratedCamera:
    """Camera number ``camera``, from 0, of subject ``subject``, from 1."""
    split = CAMERAS * ALL_SUBJECTS * EXTRINSICS
    outside = w0[:split].reshape(CAMERAS, ALL_SUBJECTS, EXTRINSICS)
    inside = w0[split:].reshape(CAMERAS, INTRINSICS)[camera]
    angles, place = np.split(outside[camera, subject - 1], 2)
    f, c, k, p = np.split(inside, (2, 4, 7))
    rotation = Rotation.from_euler('XYZ', angles).as_matrix()
    return CalibratedCamera(rotation, place, f, c, k, p)
