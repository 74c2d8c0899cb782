"""Python blocks of README and docs: compiled, imported, run where they can.

A block that begins with ``# name.py`` is a file that the page asks the reader
to write. Those with ``_base_`` are configs: they load, their models build.
The others run.
"""

import ast
import importlib
import json
import re
import shutil
import sys

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from .pages import ROOT, blocks

BLOCKS = blocks('python')
NAME = re.compile(r'^# (\w+\.py)\n')


def named(block):
    """The file name of a block, or None."""
    match = NAME.match(block.text)
    return match and match[1]


CONFIGS = [block for block in BLOCKS if '\n_base_ = ' in block.text]
MODULES = [block for block in BLOCKS if named(block) and block not in CONFIGS]
SNIPPETS = [b for b in BLOCKS if b not in CONFIGS and b not in MODULES]


def ids(chosen):
    return [block.id for block in chosen]


@pytest.mark.parametrize('block', BLOCKS, ids=ids(BLOCKS))
def test_imports_resolve(block):
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.Import):
            for name in node.names:
                importlib.import_module(name.name)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name), f'{node.module}.{name.name}'


@pytest.mark.parametrize('block', SNIPPETS, ids=ids(SNIPPETS))
def test_snippets_run(block, tmp_path, monkeypatch):
    """Code outside functions runs, beside a photograph."""
    (tmp_path / 'docs').symlink_to(ROOT / 'docs')
    shutil.copy(ROOT / 'docs/images/person.png', tmp_path / 'photo.jpg')
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, block.id, 'exec'), {})


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A folder as the reader has it: the repository and the files written."""
    init_default_scope('mmpose')  # another test may have left mmdet's
    for name in ('configs', 'tools'):
        (tmp_path / name).symlink_to(ROOT / name)
    for block in (*MODULES, *CONFIGS):
        (tmp_path / named(block)).write_text(block.text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture(scope='module', autouse=True)
def registered_once():
    """What the pages register is gone after this module."""
    from mmpose.registry import DATASETS, METRICS, MODELS

    before = [(r, dict(r._module_dict)) for r in (DATASETS, METRICS, MODELS)]
    yield
    for registry, modules in before:
        registry._module_dict.clear()
        registry._module_dict.update(modules)
    for block in MODULES:
        sys.modules.pop(named(block)[:-3], None)


@pytest.mark.parametrize('block', CONFIGS, ids=ids(CONFIGS))
def test_configs_build(block, reader):
    from mmengine.config import Config
    from mmengine.registry import DefaultScope
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    from mmpose.registry import MODELS

    cfg = Config.fromfile(str(reader / named(block)))
    cfg.model.backbone.pop('init_cfg', None)  # no download
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(cfg.model)
    metainfo = cfg.train_dataloader.dataset.get('metainfo')
    if metainfo:
        joints = parse_pose_metainfo(metainfo)['num_keypoints']
        assert model.head.out_channels == joints == 6


def load(reader, name):
    from mmengine.config import Config

    return Config.fromfile(str(reader / name))


def test_child_configs_change_what_they_say(reader):
    steps = load(reader, 'h36m_sampled.py').train_dataloader.dataset.pipeline
    assert [s.sampling for s in steps if s.type == 'ReadCrop'] == [1]
    tight = load(reader, 'tight_estimate.py')
    steps = tight.test_dataloader.dataset.pipeline
    boxes = [s.padding for s in steps if s.type == 'GetBBoxCenterScale']
    assert boxes == [1.25] and tight.test_evaluator.root_depth == 'estimate'
    hooks = load(reader, 'fine.py').custom_hooks
    allow = [h.allow for h in hooks if h.type == 'CheckCheckpointHook']
    assert allow == [['head.final_layer']]
    own = load(reader, 'with_own.py').train_dataloader
    assert len(own.dataset.datasets) == len(own.batch_sampler.shares) == 3
    assert load(reader, 'h_l1.py').model.head.heatmap_loss.type == (
        'VolumeL1Loss'
    )


def test_own_losses_are_what_they_say(reader):
    import torch
    from mmpose.registry import MODELS

    importlib.import_module('my_loss')
    loss = MODELS.build(dict(type='JointSmoothL1Loss'))
    pred, labels = torch.tensor([[[0.6, 0.0]]]), torch.tensor([[[0.5, 9.0]]])
    # |0.1| - 0.05 / 2; the second axis has no label.
    value = loss(pred, labels, torch.tensor([[[1.0, 0.0]]]))
    assert value.item() == pytest.approx(0.075, abs=1e-6)
    # A map that is its own target but for one cell, 0.5 too high.
    logits = torch.exp(-0.5 * torch.tensor([[[[1.0, 0.0, 1.0, 4.0]]]]))
    logits[..., 3] += 0.5
    loss = MODELS.build(dict(type='VolumeL1Loss'))
    value = loss(logits, torch.tensor([[[0.25, 0.0]]]), torch.ones(1, 1, 2))
    assert value.item() == pytest.approx(0.5, abs=1e-6)
    # Uniform over bins 0 to 3, the joint in bin 1: (1 + 0 + 1 + 4) / 4.
    loss = MODELS.build(dict(type='MarginalDistanceLoss'))
    labels = torch.tensor([[[0.25, 0.0]]])
    value = loss(torch.zeros(1, 1, 1, 4), labels, torch.ones(1, 1, 2))
    assert value.item() == pytest.approx(1.5, abs=1e-6)


def test_own_metric_is_what_it_says(reader):
    from mmpose.registry import METRICS

    importlib.import_module('my_metric')
    metric = METRICS.build(dict(type='MeanErrorPx'))
    truth = dict(
        keypoints=np.zeros((1, 3, 2)), keypoints_visible=np.array([[1, 1, 0]])
    )
    pred = np.array([[[3.0, 4.0], [0.0, 1.0], [99.0, 0.0]]])
    sample = dict(gt_instances=truth, pred_instances=dict(keypoints=pred))
    metric.process({}, [sample])
    # Of more entries than samples, MMEngine would drop the rest.
    assert metric.evaluate(size=1) == {'px/error': 3.0}
    pred[0, 0] = np.nan
    with pytest.raises(ValueError, match='a.jpg: not finite'):
        metric.process({}, [dict(sample, img_path='a.jpg')])


def test_own_3d_data_are_read(reader):
    from integral_mmpose.datasets import H36MImageDataset

    (block,) = [b for b in MODULES if named(b) == 'write_own.py']
    exec(compile(block.text, block.id, 'exec'), {})
    data = H36MImageDataset(
        data_root='data/own', ann_file='annotations/own_train.npz'
    )
    assert len(data) == 2
    written = np.load('data/own/annotations/own_train.npz')
    root_mm = written['S'][1, 0, 2] * 1000
    assert data.get_data_info(1)['root_depth'] == pytest.approx(root_mm)
    assert data.get_data_info(0)['focal'].tolist() == [1000.0, 1000.0]


def test_own_3d_config_reads_files(reader):
    from mmengine.registry import DefaultScope
    from mmpose.registry import DATASETS

    mm = np.array([[0.0, 0.0, 4000.0], [400.0, 0.0, 4000.0], [0, 200.0, 5000]])
    row = dict(
        image='a.png',
        px=(mm[:, :2] / mm[:, 2:] * 1000 + 500).tolist(),
        mm=mm.tolist(),
        camera=[1000.0, 1000.0, 500.0, 500.0],
        action='rest',
    )
    folder = reader / 'data/stick'
    folder.mkdir(parents=True)
    for name in ('train.json', 'val.json'):
        (folder / name).write_text(json.dumps([row]))
    cfg = load(reader, 'stick.py')
    with DefaultScope.overwrite_default_scope('mmpose'):
        assert len(DATASETS.build(cfg.val_dataloader.dataset)) == 1
        data = DATASETS.build(cfg.train_dataloader.dataset)
    info = data.get_data_info(0)
    assert info['mm_per_px'] == pytest.approx(4.0)  # 4000 mm / 1000 px
    # By hand: 500 + 1000 * 400 / 4000 px; z relative to the root.
    assert info['keypoints'][0, 1].tolist() == pytest.approx([600, 500, 0])
    assert info['keypoints'][0, 2].tolist() == pytest.approx([500, 540, 1000])
