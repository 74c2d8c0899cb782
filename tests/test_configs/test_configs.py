"""Every config: consistent, short, and it trains and validates one step."""

import copy
import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from integral_mmpose.synthetic.generate import Scale, generate
from tests.configs import read_config

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / 'configs').glob('body_*/**/*.py'))
NAMES = [path.stem for path in CONFIGS]


@functools.cache
def _read(path):
    return read_config(path)


def read(path):
    """A copy of a config, where the roots of the data do not matter."""
    return copy.deepcopy(_read(path))


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    out = tmp_path_factory.mktemp('data')
    generate(out, 0, Scale(1, 1, 1, (8, 4), (2, 2)), 1, lambda line: None)
    file = out / 'mpii' / 'annotations' / 'mpii_train.json'
    people = json.loads(file.read_text())
    for person in people:  # as add_depth.py writes it
        person['joints_depth'] = [1.0] * 16
    file.with_stem('mpii_train_depth').write_text(json.dumps(people))
    return out


@pytest.fixture
def roots(data, monkeypatch):
    monkeypatch.setenv('H36M_ROOT', str(data / 'h36m'))
    monkeypatch.setenv('MPII_ROOT', str(data / 'mpii'))
    monkeypatch.setenv('COCO_ROOT', str(data / 'coco'))
    monkeypatch.setenv('LSP_ROOT', str(data / 'mpii'))


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
    cfg = read(path)
    assert len(codecs(cfg)) >= 3
    assert all(codec == cfg.codec for codec in codecs(cfg))
    for loader in (
        cfg.train_dataloader,
        cfg.val_dataloader,
        cfg.test_dataloader,
    ):
        affine = [
            *steps(loader.dataset.pipeline, 'TopdownAffine'),
            *steps(loader.dataset.pipeline, 'ReadCrop'),
        ]
        assert [tuple(s.input_size) for s in affine] == [
            tuple(cfg.codec.input_size)
        ]
    head = cfg.model.head
    depth = head.get('depths', [head.get('depth', 1)])[-1]
    assert (depth > 1 or head.get('num_axes') == 3) == (
        cfg.codec.get('depth_range_mm') is not None
    )
    for key in ('dataset_type', 'data_mode', 'data_root', 'codec'):
        assert key in cfg
    assert cfg.default_scope == 'mmpose'
    assert cfg.custom_imports.imports == ['integral_mmpose']
    # 4 GPUs x 32 in the paper, one of 32 in the small configs: 1e-3 for each
    batch = 32 if '1xb32-' in Path(cfg.filename).name else 128
    assert cfg.auto_scale_lr.base_batch_size == batch


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_a_config_is_its_difference(path):
    lines = path.read_text().splitlines()
    assert lines[0].startswith('# ')
    bases = next(n for n, line in enumerate(lines) if line.endswith(']'))
    assert len(lines) - bases - 1 <= 25


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_a_dumped_config_is_the_same(path, tmp_path):
    cfg = read(path)
    cfg.dump(tmp_path / 'flat.py')
    flat = Config.fromfile(tmp_path / 'flat.py')
    assert flat.model == cfg.model
    assert flat.train_dataloader == cfg.train_dataloader


@pytest.mark.parametrize('path', CONFIGS, ids=NAMES)
def test_every_value_is_of_the_type_that_its_class_takes(path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    from wrong_option import refuse_wrong_types

    config = read(path).to_dict()
    refuse_wrong_types(config)
    config['train_dataloader']['batch_size'] = '4'
    with pytest.raises(ValueError, match="train_dataloader.batch_size='4'"):
        refuse_wrong_types(config)


def test_three_sources_share_a_batch(roots):
    """Half Human3.6M, a quarter MPII, a quarter COCO; 2D has no z."""
    init_default_scope('mmpose')
    path = next(
        p for p in CONFIGS if p.stem.endswith('h36m-mpii-coco-256x256')
    )
    cfg = Config.fromfile(path).train_dataloader
    cfg.update(batch_size=8, num_workers=0, persistent_workers=False)
    cfg.dataset.pipeline[-1].meta_keys += ('source',)
    # COCO's boxes are tight, the others are padded already.
    boxes = [
        steps(d.pipeline, 'GetBBoxCenterScale') for d in cfg.dataset.datasets
    ]
    assert [[s.padding for s in b] for b in boxes] == [[1.0], [1.0], [1.25]]
    assert not steps(cfg.dataset.pipeline, 'GetBBoxCenterScale')
    loader = Runner.build_dataloader(cfg, seed=0)
    batch = next(iter(loader))['data_samples']
    assert [s.source for s in batch] == [0, 0, 0, 0, 1, 1, 2, 2]
    for sample in batch:
        labels = sample.gt_instance_labels
        weights = labels.keypoint_weights[0]
        assert torch.isfinite(labels.keypoint_labels).all()
        assert bool(weights[:, 2].any()) == (sample.source == 0)
        assert (weights[:, :2] > 0).any()
        table = {1: (7, 9), 2: (0, 7, 8, 10, 17)}.get(sample.source, ())
        assert not weights[list(table)].any()


def test_h_and_i_rows_have_equal_epochs():
    """I starts from the H checkpoint that its H row starts from."""
    methods = []
    for path in CONFIGS:
        method = path.stem.split('_')[0]
        if (
            method[0] != 'i'
            or not method[1].isdecimal()
            or '+' not in path.stem
            or '-lsp-' in path.stem  # stages of the bundled model
        ):
            continue
        cfg = read(path)
        partner = 'h' + method[1] + path.stem[len(method) :]
        h_row = read(path.with_name(partner + '.py'))
        assert h_row.model.head.heatmap_loss is not None
        if '-' not in method:  # a cure may train the maps, too
            assert cfg.model.head.get('heatmap_loss') is None
        assert cfg.load_from == h_row.load_from
        assert cfg.train_cfg == h_row.train_cfg
        assert cfg.param_scheduler == h_row.param_scheduler
        work_dir, name = Path(cfg.load_from).parts[-2:]
        first = read(path.with_name(work_dir + '.py'))
        assert first.get('load_from') is None
        assert first.model == h_row.model
        assert name == f'epoch_{first.train_cfg.max_epochs}.pth'
        epochs = f'{first.train_cfg.max_epochs}+{cfg.train_cfg.max_epochs}e'
        assert f'-{epochs}_' in path.stem
        methods.append(method)
    assert {'i1', 'i2', 'i3'} <= set(methods)


def test_rows_from_scratch_have_as_many_epochs():
    """R1 and I* train as long as an H row and its first half together."""
    for name, epochs in (('res50_4xb32-140e_mpii-256x256', 70 + 70),):
        for method in ('r1', 'istar'):
            path = next(p for p in CONFIGS if p.stem == f'{method}_{name}')
            assert read(path).train_cfg.max_epochs == epochs


@pytest.mark.parametrize('table', range(1, 11))
def test_every_printed_row_has_a_config(table):
    """The first line of a config names its table, row and numbers."""
    first_lines = '\n'.join(p.read_text().splitlines()[0] for p in CONFIGS)
    for row in ROWS[table]:
        assert f'# Table {table}{row}' in first_lines


#: Rows of the paper with numbers of its own, and those numbers.
ROWS = {
    1: [
        ', R1: PCKh@0.5 84.6, PCKh@0.1 25.0, AUC 54.1',
        ', H1: PCKh@0.5 86.8, PCKh@0.1 17.2, AUC 52.9',
        ', H2: PCKh@0.5 86.4, PCKh@0.1 17.6, AUC 53.1',
        ', H3: PCKh@0.5 83.0, PCKh@0.1 12.6, AUC 46.3',
        ', I*: PCKh@0.5 86.0, PCKh@0.1 28.3, AUC 56.6',
        ', I1: PCKh@0.5 87.3, PCKh@0.1 29.3, AUC 58.3',
        ', I2: PCKh@0.5 86.9, PCKh@0.1 29.7, AUC 58.3',
        ', I3: PCKh@0.5 86.6, PCKh@0.1 29.1, AUC 57.7',
    ],
    2: [
        ' (a), H1: PCKh@0.5 86.7, PCKh@0.1 28.0, AUC 57.7',
        ' (c), H1: PCKh@0.5 81.6, PCKh@0.1 13.6, AUC 46.6',
        ' (d), H1: PCKh@0.5 75.4, PCKh@0.1 5.6, AUC 34.1',
        ' (a), I1: PCKh@0.5 86.6, PCKh@0.1 32.1, AUC 58.9',
        ' (c), I1: PCKh@0.5 83.2, PCKh@0.1 20.6, AUC 50.7',
        ' (d), I1: PCKh@0.5 80.9, PCKh@0.1 16.1, AUC 47.2',
    ],
    3: [
        ', ResNet-101, H1: PCKh@0.5 87.3, PCKh@0.1 17.3, AUC 53.3',
        ', ResNet-18, I1: PCKh@0.5 86.0, PCKh@0.1 25.7, AUC 55.6',
        ', ResNet-101, I1: PCKh@0.5 87.9, PCKh@0.1 30.3, AUC 59.0',
    ],
    4: [
        ', 3 stages, H1: PCKh@0.5 87.1, PCKh@0.1 17.8, AUC 53.7',
        ', 4 stages, H1: PCKh@0.5 87.4, PCKh@0.1 17.8, AUC 54.0',
        ', 2 stages, I1: PCKh@0.5 87.7, PCKh@0.1 32.0, AUC 59.5',
        ', 3 stages, I1: PCKh@0.5 87.8, PCKh@0.1 32.4, AUC 59.9',
        ', 4 stages, I1: PCKh@0.5 88.1, PCKh@0.1 32.3, AUC 60.1',
    ],
    5: [
        ', R1: PCKh@0.5 87.0',
        ', H1: PCKh@0.5 89.4',
        ', MS-H1: PCKh@0.5 89.8',
        ', HG-H1: PCKh@0.5 90.4',
        ', I1: PCKh@0.5 90.0',
        ', MS-I1: PCKh@0.5 90.7',
        ', HG-I1: PCKh@0.5 91.0',
    ],
    6: [
        ', H1: AP 66.3',
        ', I1: AP 67.8',
    ],
    7: [
        ', Strategy 1, R1: MPJPE 106.6 mm',
        ', Strategy 1, H1: MPJPE 99.5 mm',
        ', Strategy 1, H2: MPJPE 80.4 mm',
        ', Strategy 1, I*: MPJPE 100.2 mm',
        ', Strategy 1, I1: MPJPE 86.4 mm',
        ', Strategy 1, I2: MPJPE 66.2 mm',
        ', Strategy 2, R1: MPJPE 56.2 mm',
        ', Strategy 2, H1: MPJPE 63.6 mm',
        ', Strategy 2, H2: MPJPE 59.3 mm',
        ', Strategy 2, I*: MPJPE 49.6 mm; Table 11',
        ', Strategy 2, I1: MPJPE 52.7 mm',
        ', Strategy 2, I2: MPJPE 52.4 mm',
    ],
    8: [
        ', one stage, d = 64, H1: MPJPE 85.5 mm',
        ', one stage, d = 64, I1: MPJPE 78.7 mm',
        ', two stages, d = 1, 64, H1: MPJPE 68.0 mm',
        ', two stages, d = 1, 64, I1: MPJPE 64.1 mm; Table 12',
    ],
    9: [
        ' (b), H2: MPJPE 61.5 mm',
        ' (c), H2: MPJPE 66.6 mm',
        ' (d), H2: MPJPE 86.4 mm',
        ' (b), I2: MPJPE 51.7 mm',
        ' (c), I2: MPJPE 57.1 mm',
        ' (d), I2: MPJPE 60.9 mm',
    ],
    10: [', Protocol 1, Strategy 2, I*: PA-MPJPE 40.6 mm'],
}


def shorten(cfg, work_dir):
    """One training step of batch 2 and a validation, from scratch."""
    cfg.work_dir = str(work_dir)
    cfg.load_from = None  # and nothing to sharpen
    cfg.custom_hooks = [
        hook for hook in cfg.custom_hooks if hook['type'] != 'SharpenHook'
    ]
    cfg.model.backbone.init_cfg = None
    if 'stage' in cfg.model.head:
        cfg.model.head.stage.init_cfg = None
    for key in ('type', 'dtype', 'loss_scale'):  # mixed precision: a GPU
        cfg.optim_wrapper.pop(key, None)
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    # A gigabyte for the largest of them; test_engine saves and loads.
    cfg.default_hooks.checkpoint.update(
        interval=-1, save_last=False, save_best=None
    )
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=0)
    for loader in (
        cfg.train_dataloader,
        cfg.val_dataloader,
        cfg.test_dataloader,
    ):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        # A mixture leaves the choice of samples to its sources.
        for part in loader.dataset.get('datasets', [loader.dataset]):
            part.indices = 2
    if 'batch_sampler' in cfg.train_dataloader:
        cfg.train_dataloader.batch_sampler.num_batches = 1
        shares = cfg.train_dataloader.batch_sampler.shares
        cfg.train_dataloader.batch_size = sum(shares)
    return cfg


def shrink(cfg):
    """Crops of 64 px and an eighth of the channels (a quarter of ResNet-18's).

    Other networks than ResNets and hourglasses keep theirs.
    """
    parts = [cfg]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if 'input_size' in part:
                part['input_size'] = (64, 64)
            part = list(part.values())
        parts += [p for p in part if isinstance(p, (dict, list, tuple))]
    head, backbone = cfg.model.head, cfg.model.backbone
    # torch 2.11 aborts in the backward of ResNet-18 with 8 channels.
    factor = 4 if backbone.get('depth') == 18 else 8
    if backbone.type != 'MobileNetV2':
        for layer in (backbone, head.get('stage')):
            if layer is None or layer.type == 'HourglassStage':
                continue
            key = 'channels' if 'channels' in layer else 'base_channels'
            layer[key] = layer.get(key, 64) // factor
        head.in_channels //= factor
    if 'deconv_out_channels' in head or head.type == 'IntegralHead':
        count = len(head.get('deconv_out_channels', (0, 0, 0)))
        head.deconv_out_channels = (16,) * count
    return cfg


def same(cfg):
    return cfg


def experiments():
    """Configs that differ in more than the checkpoint they start from.

    H goes on from its first half with the same model, data and steps, and
    I1, I2 and I3 differ in their checkpoints alone: one of each is enough,
    because the test below starts from scratch. By name: to read the files
    would take every worker of the suite 10 s.
    """
    found = {}
    for path in CONFIGS:
        name = re.sub('^i[123]_', 'i_', path.stem).replace('-70+70e', '-70e')
        found.setdefault(name, []).append(path)
    return [paths for _, paths in sorted(found.items())]


@pytest.mark.parametrize(
    'paths', [p for p in experiments() if len(p) > 1], ids=lambda p: p[0].stem
)
def test_names_tell_what_is_the_same(paths):
    configs = [read(path).to_dict() for path in paths]
    for cfg in configs:
        cfg.pop('load_from', None)
    assert all(cfg == configs[0] for cfg in configs)


@pytest.mark.parametrize(
    'change', [shrink, pytest.param(same, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    'path', [p[0] for p in experiments()], ids=lambda path: path.stem
)
def test_trains_and_validates_one_step(path, change, roots, tmp_path):
    init_default_scope('mmpose')
    cfg = shorten(change(read_config(path)), tmp_path)
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
    # The last stage of the bundled model keeps its early layers.
    first = next(
        name for name, p in runner.model.named_parameters() if p.requires_grad
    )
    assert first in reached
    weights = {
        name
        for name, module in runner.model.named_modules()
        if isinstance(module, torch.nn.ConvTranspose2d | torch.nn.Linear)
        or name.endswith('final_layer')
    }
    assert weights
    assert {f'{name}.weight' for name in weights} <= reached
    metrics = runner.val_evaluator.metrics[0]
    prefix = metrics.prefix
    names = dict(h36m='MPJPE', pckh='AUC', coco='AP')
    logged = runner.message_hub.log_scalars
    value = logged[f'val/{prefix}/{names[prefix]}'].current()
    assert np.isfinite(value) and value >= 0
    # mmengine keeps the logger for whoever comes next: without its file.
    for handler in list(runner.logger.handlers):
        handler.close()
        runner.logger.removeHandler(handler)
