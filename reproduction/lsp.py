"""One data set of LSP and LSPET, in the layout of MPII.

Training: LSP train, LSPET train and the further people of LSPET. Validation:
LSP val; or, where a setting is to be chosen, the last people of LSP train,
which then do not train. One annotation file instead of a concatenation, which
would turn off mmengine's seeding of samples, and with it exact resume.
"""

import fcntl
import json
from pathlib import Path
from typing import List

from integral_mmpose.datasets.body.head_boxes import BOXES, JOINTS, head_sizes
from integral_mmpose.datasets.body.mpii_joints import read_joints
from integral_mmpose.datasets.checks import TEXT, check_fields, load_json
from integral_mmpose.datasets.mat_files import mat_bytes, read_mat
from integral_mmpose.files import write_atomically

#: Folders whose people train.
TRAIN = dict(lsp='_train', lspet='_train', lspet_more='')
HINT = (
    'tools/dataset_converters/lsp_to_mpii.py makes it from the official '
    'archives'
)


def merge_lsp(base: Path, out: Path, held_out: int = 0) -> Path:
    """Write the merged annotations into ``out``; the images are links.

    ``base`` holds ``lsp``, ``lspet`` and ``lspet_more``. The last ``held_out``
    people of LSP train validate in the place of LSP val, and do not train: for
    choices.
    """
    parts = {name: _people(base, name, TRAIN[name]) for name in TRAIN}
    if held_out:
        val = parts['lsp'][-held_out:]
        parts['lsp'] = parts['lsp'][:-held_out]
        truth = _last_heads(base / 'lsp', held_out)
    else:
        val = _people(base, 'lsp', '_val')
        truth = _require(base / 'lsp' / 'lsp_gt_val.mat').read_bytes()
    files = {
        'lsp_train.json': json.dumps(sum(parts.values(), [])).encode(),
        'lsp_val.json': json.dumps(val).encode(),
        'lsp_gt_val.mat': truth,
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


def _last_heads(folder: Path, count: int) -> bytes:
    """The head boxes of the last people of LSP train, as a .mat file."""
    people = str(folder / 'lsp_train.json')
    truth = str(_require(folder / 'lsp_gt_train.mat'))
    _, joints, labelled = read_joints(people)
    head_sizes(truth, people, joints, labelled)  # refuses another order
    content = read_mat(truth, 'the head box file', [BOXES], [JOINTS])
    return mat_bytes({name: v[..., -count:] for name, v in content.items()})


def _require(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f'--data lsp needs {path}: {HINT}')
    return path
