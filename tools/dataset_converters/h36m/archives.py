"""The official archives of Human3.6M: where the files are, and the poses.

    S9/MyPoseFeatures/D2_Positions/Eating 1.54138969.cdf        px
    S9/MyPoseFeatures/D3_Positions_mono/Eating 1.54138969.cdf   camera, mm
    S9/Videos/Eating 1.54138969.mp4

The folders may lie anywhere below the root and may be called
``Poses_D2_Positions``; the subject is a folder of the path, or the end of the
archive's name (``Videos_S9.tgz``). A ``.tgz`` has no index: it is read once,
and the files that are needed are copied out of it.

Convention: frame n of a .cdf is frame n of the video, from 0.
"""

import os
import os.path as osp
import re
import shutil
import tarfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from integral_mmpose.datasets.checks import check_array, require_file
from integral_mmpose.files import made_beside

from .names import MOVING_JOINTS, Recording

KINDS = dict(D2_Positions='cdf', D3_Positions_mono='cdf', Videos='mp4')
ARCHIVES = ('.tgz', '.tar.gz', '.tar')
JOINTS = 32

#: (kind, subject, 'Eating 1.54138969')
Key = Tuple[str, str, str]


class Files(NamedTuple):
    """The three files of a recording."""

    pixels: str
    points: str
    video: str


def key_of(path: str, archive: str = '') -> Optional[Key]:
    """Kind, subject and name of a file, or None for others.

    Example:
        >>> key_of('S9/MyPoseFeatures/D2_Positions/Eating 1.54138969.cdf')
        ('D2_Positions', 'S9', 'Eating 1.54138969')
        >>> key_of('Videos/Eating.54138969.mp4', 'a/Videos_S11.tgz')[1]
        'S11'
    """
    *folders, file = Path(path).parts
    name, dot, extension = file.rpartition('.')
    kinds = [folder.removeprefix('Poses_') for folder in folders]
    kinds = [kind for kind in kinds if KINDS.get(kind) == extension]
    subject = _subject(osp.join(*folders, '_')) or _subject(archive)
    if not kinds or not subject or not dot or file.startswith('.'):
        return None
    return kinds[-1], subject, name


def find_files(*roots: str) -> Dict[Key, str]:
    """The files of :data:`KINDS`, the first of several of the same key."""
    found = {}
    for root in map(Path, map(osp.abspath, roots)):
        for path in sorted(root.rglob('*.*')):
            key = key_of(osp.relpath(path, root.parent))
            if key:
                found.setdefault(key, str(path))
    return found


def find_archives(root: str, subjects: Sequence[str]) -> List[str]:
    """The archives below a folder that may hold files of some subjects."""
    root = Path(osp.abspath(root))
    return sorted(
        str(path)
        for path in root.rglob('*.*')
        if path.name.endswith(ARCHIVES)
        and any(kind in path.name for kind in KINDS)
        and 'universal' not in path.name
        and _subject(osp.relpath(path, root.parent)) in (None, *subjects)
    )


def _subject(path: str) -> Optional[str]:
    """The subject in a path: a folder, or a word of an archive's name."""
    *folders, name = Path(path).parts or ('',)
    words = [*folders, *re.split('[ _]', name.split('.')[0])]
    subjects = [w for w in words if re.fullmatch(r'[Ss]\d{1,2}', w)]
    return subjects[-1].upper() if subjects else None


def extract(archive: str, out: str, subjects: Sequence[str]) -> Iterator[str]:
    """Copy the files of some subjects out of an archive.

    Names inside of it choose the place below ``out`` only through
    :func:`key_of`, so none can lead out of it; links are not followed.

    Yields:
        str: The path of a file, ``out/S9/Videos/...``, once it is written.
    """
    try:
        with tarfile.open(archive, 'r|*') as tar:
            for member in tar:
                key = key_of(member.name, archive)
                if not member.isfile() or not key or key[1] not in subjects:
                    continue
                kind, subject, name = key
                path = osp.join(out, subject, kind, f'{name}.{KINDS[kind]}')
                os.makedirs(osp.dirname(path), exist_ok=True)
                with made_beside(path) as part, open(part, 'wb') as file:
                    shutil.copyfileobj(tar.extractfile(member), file)
                yield path
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise ValueError(
            f'{archive}: not a readable archive ({error}). Download it again.'
        ) from error


def files_of(recording: Recording, found: Dict[Key, str], root: str) -> Files:
    """The files of a recording."""
    name = f'{recording.base}.{recording.camera}'
    leave = '--skip-broken' if recording.broken else '--subjects, --actions'
    paths = []
    for kind, extension in KINDS.items():
        path = found.get((kind, recording.subject, name))
        if path is None:
            raise FileNotFoundError(
                f'{root}: id {recording.subject}: field `{kind}`: no '
                f'{name}.{extension}. Download {kind} of {recording.subject}, '
                f'or leave it out ({leave}).'
            )
        paths.append(path)
    return Files(*paths)


def require_cdflib():
    """The package that reads CDF files."""
    try:
        import cdflib
    except ImportError as error:
        raise ImportError(
            'The poses of the archives are CDF files: pip install cdflib, or '
            'use h36m_from_posenet.py.'
        ) from error
    return cdflib


def read_poses(path: str, axes: int) -> np.ndarray:
    """Read the joints that move out of a .cdf: (n, 17, axes).

    Its variable ``Pose`` is (1, n, 32 · axes).
    """
    cdflib = require_cdflib()
    require_file(path, 'the poses', 'Download them again.')
    try:
        pose = np.asarray(cdflib.CDF(path).varget('Pose'))
    except Exception as error:  # cdflib raises many kinds on bad files
        raise ValueError(
            f'{path}: field `Pose` is not readable as CDF ({error!r}). '
            'Download the archive again.'
        ) from error
    if pose.ndim == 2:
        pose = pose[None]
    shape, fix = (1, None, JOINTS * axes), 'Download the archive again.'
    check_array(pose, shape, path, 'all', 'Pose', fix)
    joints = pose[0].reshape(-1, JOINTS, axes)
    return joints[:, list(MOVING_JOINTS)].astype(np.float64)
