"""MMPose's heads run under the conditions of our own rows."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from integral_mmpose.synthetic.generate import Scale, generate
from reproduction.plan import scaled
from reproduction.rows import ROOT, select

PEERS = sorted(
    path
    for path in (ROOT / 'reproduction/peers').glob('*.py')
    if path.stem != 'base'
)
#: What these heads are called in MMPose.
HEADS = dict(
    dsnt='DSNTHead',
    heatmap_msra='HeatmapHead',
    heatmap_udp='HeatmapHead',
    ipr='DSNTHead',
    rle='RLEHead',
    simcc='SimCCHead',
)


def read(path):
    cfg = Config.fromfile(path)
    return cfg, cfg.train_dataloader, cfg.val_dataloader


@pytest.mark.parametrize('path', PEERS, ids=lambda path: path.stem)
def test_conditions_are_those_of_the_rows(path):
    """Only head, codec and what UDP needs differ from I* from scratch."""
    (row,) = select('1', 'I*')
    ours = scaled(row.config, row.setting, 'photographs')
    cfg, train, val = read(path)
    assert cfg.model.head.type == HEADS[path.stem]
    assert cfg.model.backbone == ours.model.backbone
    for key in ('train_cfg', 'optim_wrapper', 'param_scheduler'):
        assert cfg[key] == ours[key]
    assert cfg.val_evaluator == ours.val_evaluator
    for key in ('batch_size', 'sampler', 'drop_last'):
        assert train[key] == ours.train_dataloader[key]
    assert val.dataset.split == 'val' and train.dataset.split == 'train'
    mine = {s.type: s for s in train.dataset.pipeline}
    theirs = {s.type: s for s in ours.train_dataloader.dataset.pipeline}
    for kind in ('RandomFlipLabels', 'UniformBBoxTransform'):
        assert mine[kind] == theirs[kind]
    codec = cfg.model.head.decoder
    assert mine['GenerateTarget'].encoder == codec == cfg.codec
    assert codec.type != 'IntegralLabel'
    crops = [
        step
        for loader in (train, val, cfg.test_dataloader)
        for step in loader.dataset.pipeline
        if step.type in ('TopdownAffine', 'ReadCrop')
    ]
    assert {tuple(step.input_size) for step in crops} == {(128, 128)}
    udp = {step.get('use_udp', False) for step in crops}
    assert udp == {path.stem == 'heatmap_udp'}


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    out = tmp_path_factory.mktemp('data')
    generate(out, 0, Scale(1, 1, 1, (8, 4), (2, 2)), 1, lambda line: None)
    return out / 'mpii'


@pytest.mark.slow
@pytest.mark.parametrize('path', PEERS, ids=lambda path: path.stem)
def test_trains_and_is_scored_by_our_pckh(path, data, tmp_path, monkeypatch):
    monkeypatch.setenv('MPII_ROOT', str(data))
    init_default_scope('mmpose')
    cfg, train, val = read(path)
    cfg.work_dir, cfg.log_level = str(tmp_path), 'ERROR'
    cfg.experiment_name = f'{path.stem}_{Path(tmp_path).name}'
    cfg.visualizer.name = cfg.experiment_name
    cfg.model.backbone.init_cfg = None
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.default_hooks.checkpoint.update(
        interval=-1, save_last=False, save_best=None
    )
    train.update(batch_size=4)
    runner = Runner.from_cfg(cfg)
    runner.train()
    value = runner.message_hub.log_scalars['val/pckh/AUC'].current()
    assert np.isfinite(value) and value >= 0
    for handler in list(runner.logger.handlers):
        handler.close()
        runner.logger.removeHandler(handler)
