"""Every config: consistent, short, and it trains and validates one step."""

import logging
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from integral_mmpose.datasets.synthetic.generate import Scale, generate

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / 'configs').glob('body_*/**/*.py'))
NAMES = [path.stem for path in CONFIGS]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    out = tmp_path_factory.mktemp('data')
    generate(out, 0, Scale(1, 1, 0, (8, 4), (2, 2)), 1, lambda line: None)
    return out


@pytest.fixture
def roots(data, monkeypatch):
    monkeypatch.setenv('H36M_ROOT', str(data / 'h36m'))
    monkeypatch.setenv('MPII_ROOT', str(data / 'mpii'))
    monkeypatch.setenv('COCO_ROOT', str(data / 'coco'))


def steps(pipeline, name):
    return [step for step in pipeline if step['type'] == name]


def codecs(cfg):
    """Every codec that a config has resolved somewhere."""
    found = [cfg.codec, cfg.model.head.decoder]
    found += [s.encoder for s in steps(cfg.train_pipeline, 'GenerateTarget')]
    pipeline = cfg.train_dataloader.dataset.pipeline
    return found + [s.encoder for s in steps(pipeline, 'GenerateTarget')]


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_sizes_reach_every_part(path):
    """A child's codec does not reach what its bases resolved already."""
    cfg = Config.fromfile(path)
    assert len(codecs(cfg)) >= 3
    assert all(codec == cfg.codec for codec in codecs(cfg))
    for loader in (
        cfg.train_dataloader,
        cfg.val_dataloader,
        cfg.test_dataloader,
    ):
        affine = steps(loader.dataset.pipeline, 'TopdownAffine')
        assert [tuple(s.input_size) for s in affine] == [
            tuple(cfg.codec.input_size)
        ]
    assert (cfg.model.head.get('depth', 1) > 1) == (
        cfg.codec.get('depth_range_mm') is not None
    )
    for key in ('dataset_type', 'data_mode', 'data_root', 'codec'):
        assert key in cfg
    assert cfg.default_scope == 'mmpose'
    assert cfg.custom_imports.imports == ['integral_mmpose']
    assert cfg.auto_scale_lr.base_batch_size == 128


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_a_config_is_its_difference(path):
    lines = path.read_text().splitlines()
    assert lines[0].startswith('# ')
    bases = next(n for n, line in enumerate(lines) if line.endswith(']'))
    assert len(lines) - bases - 1 <= 25


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_a_dumped_config_is_the_same(path, tmp_path):
    cfg = Config.fromfile(path)
    cfg.dump(tmp_path / 'flat.py')
    flat = Config.fromfile(tmp_path / 'flat.py')
    assert flat.model == cfg.model
    assert flat.train_dataloader == cfg.train_dataloader


def test_h_and_i_rows_have_equal_epochs():
    """I starts from the H checkpoint that its H row starts from."""
    pairs = 0
    for path in CONFIGS:
        if not path.stem.startswith('i1'):
            continue
        size = '70+70e' if '70+70e' in path.stem else '20+20e'
        cfg = Config.fromfile(path)
        partner = path.stem.replace('i1-sharp', 'h1').replace('i1', 'h1')
        h_row = Config.fromfile(path.with_name(partner + '.py'))
        assert cfg.load_from == h_row.load_from
        assert cfg.train_cfg == h_row.train_cfg
        assert cfg.param_scheduler == h_row.param_scheduler
        work_dir, name = Path(cfg.load_from).parts[-2:]
        first = Config.fromfile(path.with_name(work_dir + '.py'))
        assert name == f'epoch_{first.train_cfg.max_epochs}.pth'
        assert size in path.stem
        pairs += 1
    assert pairs >= 3


def shorten(cfg, work_dir):
    """One training step of batch 2 and a validation, from scratch."""
    cfg.work_dir = str(work_dir)
    cfg.load_from = None  # and nothing to sharpen
    cfg.custom_hooks = [
        hook for hook in cfg.custom_hooks if hook['type'] != 'SharpenHook'
    ]
    cfg.model.backbone.init_cfg = None
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=0)
    for loader in (
        cfg.train_dataloader,
        cfg.val_dataloader,
        cfg.test_dataloader,
    ):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.indices = 2
    if 'batch_sampler' in cfg.train_dataloader:
        cfg.train_dataloader.dataset.pop('indices')
        cfg.train_dataloader.batch_sampler.num_batches = 1
    return cfg


# One of the ResNet-101 configs is enough by default: the others differ from it
# or from a small one in what the tests above compare.
STEPS = [
    pytest.param(path, marks=[pytest.mark.slow] * slow)
    for path in CONFIGS
    for slow in [
        'res101' in path.stem
        and path.stem != 'i1_res101_4xb32-70+70e_coco-256x256'
    ]
]


@pytest.mark.parametrize('path', STEPS, ids=NAMES)
def test_trains_and_validates_one_step(path, roots, tmp_path):
    init_default_scope('mmpose')
    cfg = shorten(Config.fromfile(path), tmp_path)
    cfg.experiment_name = f'{path.stem}_{tmp_path.name}'
    cfg.visualizer.name = cfg.experiment_name
    runner = Runner.from_cfg(cfg)
    reached = set()
    for name, parameter in runner.model.named_parameters():
        parameter.register_hook(
            lambda g, name=name: reached.add(name) if g.any() else None
        )
    runner.train()
    # The last bias of an integral head shifts all cells alike: no gradient.
    # Residual branches start at zero (MMPose's zero_init_residual).
    assert 'backbone.conv1.weight' in reached
    head = {n for n, _ in runner.model.head.named_parameters('head')}
    assert head - reached <= {'head.final_layer.bias'}
    metrics = runner.val_evaluator.metrics[0]
    prefix = metrics.prefix
    names = dict(h36m='MPJPE', pckh='AUC', coco='AP')
    logged = runner.message_hub.log_scalars
    value = logged[f'val/{prefix}/{names[prefix]}'].current()
    assert np.isfinite(value) and value >= 0
    logging.shutdown()
