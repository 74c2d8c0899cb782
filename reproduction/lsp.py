"""One data set of LSP and LSPET, in the layout of MPII.

Training: LSP train, LSPET train and the further people of LSPET. Validation:
LSP val. One annotation file instead of a concatenation, which would turn off
mmengine's seeding of samples, and with it exact resume.
"""

import fcntl
import json
from pathlib import Path
from typing import List

from integral_mmpose.datasets.checks import TEXT, check_fields, load_json
from integral_mmpose.files import write_atomically

#: Folders whose people train.
TRAIN = dict(lsp='_train', lspet='_train', lspet_more='')
HINT = (
    'tools/dataset_converters/lsp_to_mpii.py makes it from the official '
    'archives'
)


def merge_lsp(base: Path, out: Path) -> Path:
    """Write the merged annotations; the images are links.

    Args:
        base (Path): The folder that holds ``lsp``, ``lspet`` and
            ``lspet_more``.
        out (Path): The data set to make.

    Returns:
        Path: ``out``.
    """
    train = []
    for name, suffix in TRAIN.items():
        train += _people(base, name, suffix)
    val = _people(base, 'lsp', '_val')
    truth = _require(base / 'lsp' / 'lsp_gt_val.mat')
    files = {
        'lsp_train.json': json.dumps(train).encode(),
        'lsp_val.json': json.dumps(val).encode(),
        truth.name: truth.read_bytes(),
    }
    images = out / 'images'
    images.mkdir(parents=True, exist_ok=True)
    with open(out / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another command may be making it
        for name in TRAIN:
            link, target = images / name, _require(base / name / 'images')
            if not link.is_symlink() or link.readlink() != target:
                link.unlink(missing_ok=True)
                link.symlink_to(target)
        for name, content in files.items():
            path = out / name
            if not path.is_file() or path.read_bytes() != content:
                write_atomically(path, content)
    return out


def _people(base: Path, name: str, suffix: str) -> List[dict]:
    """The people of a folder; their images are in a folder of that name."""
    path = _require(base / name / f'{name}{suffix}.json')
    people = load_json(str(path), 'the annotation file', list)
    for number, person in enumerate(people):
        check_fields(person, dict(image=TEXT), str(path), number)
    return [dict(p, image=f'{name}/{p["image"]}') for p in people]


def _require(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f'--data lsp needs {path}: {HINT}')
    return path
