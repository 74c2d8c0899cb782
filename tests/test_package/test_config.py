"""Lists of a config are edited by type, wherever the config is read."""

import ast
import doctest
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from integral_mmpose import config
from integral_mmpose.config import (
    edit,
    find,
    insert_after,
    read_config,
    with_codec,
)
from integral_mmpose.engine.compare_weights import how_to_allow

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / (
    'configs/body_2d_keypoint/integral/mpii/'
    'i1_res50_4xb32-70+70e_mpii-256x256.py'
)
MIXED = ROOT / (
    'configs/body_3d_keypoint/integral/h36m/'
    'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
)
#: The recipe of the error message, word for word.
RECIPE = how_to_allow(['head.final_layer.weight', 'head.final_layer.bias'], [])
CHILD = RECIPE.partition('\n')[2].replace('YOUR_CONFIG.py', str(BASE))
STEPS = [dict(type='A', x=1), dict(type='B'), dict(type='B'), dict(type='C')]


def test_doctests():
    assert doctest.testmod(config).failed == 0


def test_a_child_changes_one_hook_and_keeps_the_others(tmp_path, monkeypatch):
    path = tmp_path / 'child.py'
    path.write_text(CHILD)
    monkeypatch.chdir(tmp_path)
    base, child = Config.fromfile(BASE), Config.fromfile(path)
    assert find(child.custom_hooks, 'CheckCheckpointHook') == dict(
        type='CheckCheckpointHook', allow=['head.final_layer']
    )
    assert [h.type for h in child.custom_hooks] == [
        h.type for h in base.custom_hooks
    ]
    # Nothing that was imported stays; a flattened config needs no import.
    assert child.to_dict().keys() == base.to_dict().keys()
    child.dump('flat.py')
    text = Path('flat.py').read_text()
    assert 'import edit' not in text and '_base_' not in text
    assert Config.fromfile('flat.py').to_dict() == child.to_dict()


@pytest.mark.parametrize('base', [BASE, MIXED], ids=['one', 'mixed'])
def test_an_argument_of_a_transform(base, tmp_path):
    """Reduced decoding: one line, wherever ReadCrop is in the pipeline."""
    path = tmp_path / 'child.py'
    path.write_text(
        f"""_base_ = ['{base}']
from integral_mmpose.config import edit
train_dataloader = dict(dataset=dict(pipeline=edit(
    _base_.train_dataloader.dataset.pipeline, ReadCrop=dict(sampling=1))))
"""
    )
    old, new = (Config.fromfile(p).train_dataloader for p in (base, path))
    find(old.dataset.pipeline, 'ReadCrop').sampling = 1
    assert new == old


def test_an_import_above_the_bases_is_another_format(tmp_path):
    """Why the import stands below: MMEngine tells its formats by it."""
    base, imported, *rest = CHILD.splitlines()
    path = tmp_path / 'child.py'
    path.write_text('\n'.join([imported, base, *rest]))
    assert Config._is_lazy_import(str(path))
    path.write_text(CHILD)
    assert not Config._is_lazy_import(str(path))


def test_nothing_is_changed_in_place():
    codec = dict(type='IntegralLabel', input_size=(64, 64))
    pipeline = [
        dict(type='TopdownAffine', input_size=(256, 256)),
        dict(type='GenerateTarget', encoder=dict(codec, input_size=(8, 8))),
        dict(type='PackPoseInputs'),
    ]
    before = [dict(step) for step in pipeline]
    crop, target, pack = with_codec(pipeline, codec)
    assert (crop['input_size'], target['encoder']) == ((64, 64), codec)
    assert target['encoder'] is not codec and 'input_size' not in pack
    edit(pipeline, TopdownAffine=dict(input_size=(1, 1)), PackPoseInputs=None)
    insert_after(pipeline, 'TopdownAffine', dict(type='A'))
    assert pipeline == before


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        ('B', r'2 entries have the type B, expected 1; the list has A, B'),
        ('D', r'0 entries have the type D, expected 1; the list has A, B'),
    ],
)
def test_a_type_is_there_once(kind, message):
    for change in (
        lambda: find(STEPS, kind),
        lambda: edit(STEPS, **{kind: dict(x=2)}),
        lambda: edit(STEPS, **{kind: None}),
        lambda: insert_after(STEPS, kind, dict(type='E')),
    ):
        with pytest.raises(ValueError, match=message):
            change()
    with pytest.raises(ValueError, match='the list has no entries'):
        find([], 'A')


def positions(text):
    """Subscripts of a config that are no names: indices and slices."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Subscript)
        and not isinstance(getattr(node.slice, 'value', None), str)
    ]


def test_configs_name_no_position():
    for path in sorted((ROOT / 'configs').rglob('*.py')):
        assert positions(path.read_text()) == [], path
    text = "a = p[5]['x']; b = p[1:]; c = d['y'][-1]"
    assert sorted(positions(text)) == ["d['y'][-1]", 'p[1:]', 'p[5]']


def test_the_module_needs_the_standard_library_only():
    path = Path(config.__file__)
    code = f'import runpy; runpy.run_path({str(path)!r})'
    subprocess.run([sys.executable, '-I', '-S', '-c', code], check=True)


def test_modules_in_the_working_directory_are_found(tmp_path, monkeypatch):
    """Not by mmengine alone, from a tool in another folder."""
    monkeypatch.setattr(sys, 'path', [p for p in sys.path if p])
    monkeypatch.chdir(tmp_path)
    Path('own_module_of_test.py').touch()
    imports = dict(imports=['own_module_of_test'], allow_failed_imports=False)
    Path('own.py').write_text(f'custom_imports = {imports}\n')
    with pytest.raises(ImportError, match='own_module_of_test'):
        Config.fromfile('own.py')
    assert read_config('own.py').custom_imports == imports
    sys.modules.pop('own_module_of_test')


def test_tools_read_the_configs_of_users_so():
    tools = ROOT.glob('tools/**/*.py')
    for path in (*tools, *ROOT.glob('integral_mmpose/apis/*.py')):
        assert 'Config.fromfile' not in path.read_text(), path
