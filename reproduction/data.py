"""The data of a run: made, found, or an error that says what to set."""

import fcntl
import os
from pathlib import Path
from typing import Dict, Iterable, Optional

from mmengine.config import Config, ConfigDict

from integral_mmpose.synthetic.generate import Scale, generate

from .lsp import merge_lsp

DATA = ('synthetic', 'lspet', 'lsp', 'lsp-select', 'real')
ROOTS = dict(mpii='MPII_ROOT', h36m='H36M_ROOT', coco='COCO_ROOT')
PUBLIC = 'INTEGRAL_MMPOSE_DATA'
FULL = 'full'
#: People of LSP train that --data lsp-select holds out, to choose settings.
HELD_OUT = 200


def make_absolute(variables: Iterable[str]) -> None:
    """Let paths in the environment mean the same in every folder.

    Trainings run in the repository, whatever folder this command runs in.
    """
    for name in variables:
        if os.environ.get(name):
            os.environ[name] = os.path.abspath(os.environ[name])


def needed(config: str) -> set:
    """The data sets that a config reads, by the end of its name."""
    return {name for name in ROOTS if name in config.rsplit('_', 1)[-1]}


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
    if data == 'lsp':
        base = _public(data, names).parent
        return dict(MPII_ROOT=str(merge_lsp(base, Path(out) / 'lsp-lspet')))
    if data == 'lsp-select':
        base, folder = _public('lsp', names).parent, Path(out) / data
        return dict(MPII_ROOT=str(merge_lsp(base, folder, HELD_OUT)))
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
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f'{folder.name}.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another command may be making it
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
