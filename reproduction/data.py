"""Make or find the data of a run, or raise an error that names the fix."""

import json
import os
from pathlib import Path
from typing import Dict, Iterable, List, Optional

from mmengine.config import Config, ConfigDict

from integral_mmpose.datasets.body.head_boxes import BOXES, JOINTS, head_sizes
from integral_mmpose.datasets.body.mpii_joints import read_joints
from integral_mmpose.datasets.checks import TEXT, check_fields, load_json
from integral_mmpose.datasets.mat_files import mat_bytes, read_mat
from integral_mmpose.files import write_atomically
from integral_mmpose.synthetic.generate import Scale, generate

from .children import hold_lock
from .experiment import Experiment

DATA = ('synthetic', 'lspet', 'lsp', 'lsp-select', 'real')
ROOTS = dict(mpii='MPII_ROOT', h36m='H36M_ROOT', coco='COCO_ROOT')
PUBLIC = 'INTEGRAL_MMPOSE_DATA'
FULL = 'full'
#: People of LSP train that --data lsp-select holds out, to choose settings.
HELD_OUT = 200
#: Folders whose people train with --data lsp.
TRAIN = dict(lsp='_train', lspet='_train', lspet_more='')
HINT = (
    'tools/dataset_converters/lsp_to_mpii.py makes it from the official '
    'archives'
)


def make_absolute(variables: Iterable[str]) -> None:
    """Make paths in the environment absolute.

    Trainings run in the repository, whatever folder this command runs in.
    """
    for name in variables:
        if os.environ.get(name):
            os.environ[name] = os.path.abspath(os.environ[name])


def needed(config: str) -> set:
    """The data sets that a config reads."""
    return ROOTS.keys() & Experiment.parse(config).data_sets


def find_data(
    data: str, configs: Iterable[str], setting: Optional[ConfigDict], out: Path
) -> Dict[str, str]:
    """Environment variables that point the configs to the data.

    Synthetic data is made in ``out`` where it is missing: the amount of the
    scale's ``setting``, or the whole without one.
    """
    names = set().union(*map(needed, configs))
    if data == 'synthetic':
        return _synthetic(setting.synthetic if setting else FULL, out)
    if data == 'lspet':
        return dict(MPII_ROOT=str(_public(data, names)))
    if data in ('lsp', 'lsp-select'):
        name, held_out = 'lsp-lspet', 0
        if data == 'lsp-select':
            name, held_out = data, HELD_OUT
        merged = merge_lsp(_public('lsp', names).parent, out / name, held_out)
        return dict(MPII_ROOT=str(merged))
    roots = {ROOTS[name]: os.environ.get(ROOTS[name], '') for name in names}
    for variable, root in sorted(roots.items()):
        if not Path(root or '?').is_dir():
            raise FileNotFoundError(
                f'--data real needs {variable}, the folder of the data set '
                '(see docs/reference/data_layouts.md), but it is '
                f'{root or "not set"}'
            )
    return roots


def _synthetic(amount, out: Path) -> Dict[str, str]:
    name = amount if isinstance(amount, str) else '-'.join(map(_word, amount))
    folder = Path(out) / f'synthetic-{name}'
    scale = amount if isinstance(amount, str) else Scale(*amount)
    # Another command may be making the same data.
    with hold_lock(folder.with_name(f'{folder.name}.lock')):
        generate(folder, 0, scale, os.cpu_count(), lambda line: None)
    return {var: str(folder / key) for key, var in ROOTS.items()}


def _word(value) -> str:
    return (
        'x'.join(map(str, value)) if hasattr(value, '__len__') else f'{value}'
    )


def _public(data: str, names: set) -> Path:
    """The folder of a public data set of 2D people."""
    if names != {'mpii'}:
        raise ValueError(
            f'--data {data} has 2D people in the layout of MPII only: take '
            'Tables 1 to 5 and X, or --data synthetic'
        )
    base = os.environ.get(PUBLIC, '')
    root = Path(base).resolve() / data
    if not base or not root.is_dir():
        raise FileNotFoundError(
            f'--data {data} needs {PUBLIC}, the folder that holds {data} '
            f'(see docs/reference/data_layouts.md), but it is '
            f'{base or "not set"}'
        )
    return root


def use_public_split(cfg: Config) -> None:
    """MPII's test set has no public truth: train on train, test on val.

    For data without a benchmark (Table 5 on lspet and synthetic data).
    """
    if cfg.train_dataloader.dataset.get('split') == 'trainval':
        cfg.train_dataloader.dataset.split = 'train'
        cfg.test_dataloader = cfg.val_dataloader
        cfg.test_evaluator = cfg.val_evaluator


def merge_lsp(base: Path, out: Path, held_out: int) -> Path:
    """Write LSP and LSPET as one data set into ``out``; returns it.

    Training: LSP train, LSPET train and the further people of LSPET, which
    ``base`` holds. Validation: LSP val; or, where a setting is to be chosen,
    the last ``held_out`` people of LSP train, which then do not train. One
    annotation file instead of a concatenation, which would turn off mmengine's
    seeding of samples, and with it exact resume. The images are links.
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
    with hold_lock(out / 'lock'):
        images.mkdir(exist_ok=True)
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
