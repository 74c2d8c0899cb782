"""Imports go one way: geometry at the bottom, tools at the top."""

import ast
import functools
import gc
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'integral_mmpose'
FILES = sorted(PACKAGE.rglob('*.py'))
FILES = [path for path in FILES if '.mim' not in path.parts]

# Which parts of the package a part may import, besides itself.
ARROWS = {
    # runtime
    'geometry': set(),
    'visualization': {'geometry', 'files'},
    'inference': {
        *('geometry', 'visualization', 'files', 'person_category'),
        'version',
    },
    'cli': {
        *('geometry', 'visualization', 'inference', 'files'),
        *('version', 'command'),
    },
    # plugin
    'mmcv_stand_in': set(),
    'functional': {'geometry'},
    'codecs': {'functional', 'geometry'},
    'models': {'functional', 'geometry', 'codecs'},
    'datasets': {'functional', 'geometry', 'files', 'person_category'},
    'synthetic': {'datasets', 'geometry'},
    'evaluation': {
        *('functional', 'geometry', 'datasets', 'person_category'),
        'visualization',
    },
    'engine': {'functional', 'geometry', 'files'},
    'export': {'functional', 'geometry', 'codecs', 'files', 'inference'},
    'apis': {
        *('functional', 'geometry', 'datasets', 'engine', 'files'),
        *('visualization', 'inference', 'person_category', 'config'),
    },
}
# models/losses lie below the heads.
LOSSES = {'functional', 'geometry'}


@functools.lru_cache(maxsize=None)
def tree_of(path):
    """The syntax tree of a file.

    In Python 3.11 before 3.11.8 a garbage collection on the way lets another
    thread in, and its compiling breaks this one (python/cpython#106905).
    """
    gc.disable()
    try:
        return ast.parse(path.read_text('utf-8'))
    finally:
        gc.enable()


def imported_modules(path):
    """Absolute names of the modules that a file imports."""
    package = ('integral_mmpose',) + path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                list(package[: len(package) + 1 - node.level])
                if node.level
                else []
            )
            base += node.module.split('.') if node.module else []
            if base == ['integral_mmpose'] or not node.module:
                yield from ('.'.join(base + [a.name]) for a in node.names)
            else:
                yield '.'.join(base)


def part_of(path):
    """The part that a file belongs to, None for the package's own files."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else None


@pytest.mark.parametrize('path', FILES, ids=lambda p: p.stem)
def test_arrows(path):
    part = part_of(path)
    if part is None:
        return
    own = {part} | ARROWS[part]
    if path.parent.name == 'losses':
        own = LOSSES | {'models'}
    used = {
        name.split('.')[1]
        for name in imported_modules(path)
        if name.startswith('integral_mmpose.')
    }
    assert used <= own, f'{path.name} imports {used - own}'
    if path.parent.name == 'losses':
        assert not any('models.heads' in n for n in imported_modules(path))


@pytest.mark.parametrize(
    'path', sorted((PACKAGE / 'functional').glob('*.py')), ids=lambda p: p.stem
)
def test_functional_knows_torch_and_numpy_only(path):
    allowed = {'torch', 'numpy', 'integral_mmpose'} | sys.stdlib_module_names
    used = {name.split('.')[0] for name in imported_modules(path)}
    assert used <= allowed


RUNTIME = [
    path
    for path in FILES
    if part_of(path) in ('geometry', 'visualization', 'inference', 'cli')
    and path.name != 'pose_visualizer.py'  # of MMPose's hooks
]


@pytest.mark.parametrize('path', RUNTIME, ids=lambda p: p.stem)
def test_the_runtime_knows_no_torch(path):
    """Nothing of OpenMMLab, and torch only for tensors that come in."""
    used = {name.split('.')[0] for name in imported_modules(path)}
    assert not used & {'mmpose', 'mmengine', 'mmcv', 'mmdet', 'torchvision'}
    top = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in tree_of(path).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }
    assert 'torch' not in top


HOUSE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {refused}:
            raise ModuleNotFoundError(f'refused: {{name}}', name=name)

sys.meta_path.insert(0, Refuse())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: (
    None if name.partition('.')[0] in {refused} else found(name, *a)
)
import {module}
"""
MM = ('mmpose', 'mmengine', 'mmcv', 'mmdet')


@pytest.mark.parametrize(
    ('module', 'refused'),
    [
        ('integral_mmpose.inference', (*MM, 'torch', 'torchvision')),
        ('integral_mmpose.visualization', (*MM, 'torch', 'torchvision')),
        ('integral_mmpose.cli.main', (*MM, 'torch', 'torchvision')),
        (
            'integral_mmpose.datasets.body.head_boxes',
            (*MM, 'torch', 'torchvision'),
        ),
        ('integral_mmpose.functional', (*MM, 'cv2', 'matplotlib')),
    ],
)
def test_a_house_needs_no_more_than_its_own(module, refused):
    """And a control: what is refused cannot be imported."""
    code = HOUSE.format(module=module, refused=refused)
    subprocess.run([sys.executable, '-c', code], check=True)
    control = HOUSE.format(module=refused[0], refused=refused)
    result = subprocess.run(
        [sys.executable, '-c', control], capture_output=True, text=True
    )
    assert result.returncode and f'refused: {refused[0]}' in result.stderr


def test_the_check_sees_an_arrow(tmp_path, monkeypatch):
    """Negative control: both spellings of a forbidden import are seen."""
    monkeypatch.setitem(globals(), 'PACKAGE', tmp_path)
    (tmp_path / 'functional').mkdir()
    path = tmp_path / 'functional' / 'bad.py'
    path.write_text(
        'from ..models import heads\nfrom .. import codecs\n'
        'import mmpose.apis\nfrom . import grid\n'
    )
    assert set(imported_modules(path)) == {
        'integral_mmpose.models',
        'integral_mmpose.codecs',
        'mmpose.apis',
        'integral_mmpose.functional.grid',
    }


FORBIDDEN = ('pickle', 'marshal', 'shelve', 'dill')


def test_shipped_modules_run_no_data():
    """pickle, eval, exec and yaml.load: with a list of names only."""
    found = []
    shipped = (
        FILES
        + sorted((ROOT / '.dev_scripts').rglob('*.py'))
        + sorted((ROOT / 'tools').rglob('*.py'))
        + sorted((ROOT / 'demo').rglob('*.py'))
        + sorted((ROOT / 'reproduction').rglob('*.py'))
    )
    for path in shipped:
        for node in ast.walk(tree_of(path)):
            name = _dangerous(node)
            if name:
                found.append((path.name, name))
    allowed = {('camera_pickle.py', 'pickle'), ('old_torch.py', 'pickle')}
    assert {f for f in found if f not in allowed} == set()


def _dangerous(node):
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = [a.name for a in node.names]
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        return next((n for n in names if n in FORBIDDEN), None)
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id in ('eval', 'exec'):
        return node.func.id
    if isinstance(node.func, ast.Attribute) and isinstance(
        node.func.value, ast.Name
    ):
        called = f'{node.func.value.id}.{node.func.attr}'
        if called in ('yaml.load', 'yaml.unsafe_load'):
            return called
    unsafe = [
        k
        for k in node.keywords
        if k.arg == 'weights_only'
        and getattr(k.value, 'value', 1) is False
        or k.arg == 'allow_pickle'
        and getattr(k.value, 'value', 0) is True
    ]
    return unsafe[0].arg if unsafe else None


def test_torch_without_dim_can_train():
    """``torch.export.Dim`` is of torch 2.2; 2.1 has compiled mmcv."""
    code = (
        'import torch.export; del torch.export.Dim; import integral_mmpose; '
        'from mmpose.registry import MODELS; MODELS.get("IntegralHead")'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
