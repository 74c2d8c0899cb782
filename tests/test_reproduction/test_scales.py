"""A scale changes sizes, widths, schedule and data, never the method."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from reproduction.plan import load, scaled, starts_from
from reproduction.rows import ROWS, select
from reproduction.scales import (
    NotAtScaleError,
    check_sizes,
    load_setting,
    scale_config,
)

#: Keys of a config that a scale may change, as dotted paths.
MAY_CHANGE = (
    'auto_scale_lr.base_batch_size',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'model.backbone.depth',
    'model.backbone.base_channels',
    'model.backbone.stem_channels',
    'model.backbone.channels',
    'model.backbone.init_cfg',
    'model.backbone.style',
    'model.head.in_channels',
    'model.head.deconv_out_channels',
    'model.head.depth',
    'model.head.stage.depth',
    'model.head.stage.base_channels',
    'model.head.stage.init_cfg',
    'model.head.stage.style',
)
#: And these, wherever they are.
SIZES = ('input_size', 'batch_size', 'num_workers', 'persistent_workers')
AMOUNT = ('indices', 'num_batches')
#: What the hand-written configs had otherwise than those of the paper.
FROZEN = json.loads(Path(__file__).with_name('small_configs.json').read_text())
EXPERIMENTS = sorted(
    {(r.config, r.setting) for r in ROWS}
    | {(starts_from(r.config), r.setting) for r in ROWS if '+' in r.config}
)


def plain(cfg):
    return json.loads(json.dumps(cfg.to_dict()))


def differences(a, b, path=''):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a.keys() | b.keys():
            yield from differences(a.get(key), b.get(key), f'{path}.{key}')
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for x, y in zip(a, b):
            yield from differences(x, y, path)
    elif a != b:
        yield path[1:]


#: One backbone with weights: no rows of other depths, none of HourGlass.
PRETRAINED = [
    (config, setting)
    for config, setting in EXPERIMENTS
    if setting not in ('coco', 'hourglass', 'h36m_double')
    and not {'res18', 'res101', 'hg8'} & set(config.split('_'))
]


@pytest.mark.parametrize(
    ('config', 'setting', 'scale'),
    [(*e, scale) for scale in ('tiny', 'small') for e in EXPERIMENTS]
    + [(*e, 'pretrained') for e in PRETRAINED]
    + [(*e, 'long') for e in EXPERIMENTS if e[1] in ('mpii', 'coco')],
)
def test_the_method_stays(config, setting, scale):
    paper, here = load(config), scaled(config, setting, scale)
    changed = set(differences(plain(paper), plain(here)))
    assert any(path.endswith('input_size') for path in changed)
    for path in changed:
        assert (
            path.startswith(MAY_CHANGE)
            or path.rsplit('.')[-1] in SIZES + AMOUNT
            or path == 'model.head.depths'
        ), path
    # The optimiser keeps its kind, rate and clipping.
    old, new = paper.optim_wrapper, here.optim_wrapper
    assert new.clip_grad == old.clip_grad
    kind = new.optimizer.type.removeprefix('IntegralFused')
    assert {**new.optimizer, 'type': kind} == old.optimizer
    # At the pretrained scale every row starts from weights.
    if scale == 'pretrained':
        starts = [
            bool(c.model.backbone.get('init_cfg')) for c in (paper, here)
        ]
        assert starts == [True, True]
    # The network keeps its kind and its number of stages.
    before, after = paper.model.head, here.model.head
    for key in ('type', 'num_stages', 'heatmap_loss', 'joint_loss', 'readout'):
        assert before.get(key) == after.get(key)
    if before.get('depths'):
        assert [d > 1 for d in before.depths] == [d > 1 for d in after.depths]


def leaves(value, path=''):
    """Dotted paths and values, down to plain lists."""
    if isinstance(value, dict) and value:
        for key in value:
            yield from leaves(value[key], f'{path}.{key}')
    elif isinstance(value, list) and any(
        isinstance(part, (dict, list)) for part in value
    ):
        for number, part in enumerate(value):
            yield from leaves(part, f'{path}.{number}')
    else:
        yield path[1:], value


@pytest.mark.parametrize(
    'frozen', FROZEN, ids=[entry['config'] for entry in FROZEN]
)
def test_small_is_what_was_written_by_hand(frozen):
    """Configs of Tables 1, 6 and 7 that once were files, value for value."""
    expected = dict(leaves(plain(load(frozen['config']))))
    for path in frozen['gone']:
        del expected[path]
    expected.update(frozen['changed'])
    config = scaled(frozen['config'], frozen['setting'], 'small')
    here = dict(leaves(plain(config)))
    for side in (expected, here):
        side.pop('load_from', None)
    assert here == expected


def test_paper_is_the_config_itself():
    cfg = load('i1_res50_4xb32-70+70e_mpii-256x256')
    assert plain(scale_config(cfg, load_setting('paper', 'mpii'))) == plain(
        cfg
    )


def test_a_size_that_was_left_is_seen():
    """Negative control: one TopdownAffine, one decoder of another size."""
    cfg = deepcopy(scaled(*EXPERIMENTS[0], 'small'))
    check_sizes(cfg)
    cfg.model.head.decoder.input_size = (96, 96)
    with pytest.raises(ValueError, match='not resolved everywhere'):
        check_sizes(cfg)
    cfg = deepcopy(scaled(*EXPERIMENTS[0], 'small'))
    cfg.val_dataloader.dataset.pipeline[2].input_size = (96, 96)
    with pytest.raises(ValueError, match=r'\(96, 96\).* not resolved'):
        check_sizes(cfg)


def test_rows_that_a_scale_does_not_have():
    res18, hg1 = select('3', 'H1.ResNet-18')[0], select('8')[0]
    assert {res18.config, hg1.config}.isdisjoint(dict(PRETRAINED))
    with pytest.raises(NotAtScaleError, match='no resnets for 18'):
        scaled(res18.config, res18.setting, 'pretrained')
    with pytest.raises(NotAtScaleError, match=r"for hourglass.*'mpii'"):
        scaled(hg1.config, hg1.setting, 'pretrained')


def test_a_size_without_a_counterpart_is_named():
    cfg = load('istar_res50_4xb32-140e_mpii-256x256')
    setting = deepcopy(load_setting('small', 'mpii'))
    setting.inputs = {512: 256}
    with pytest.raises(ValueError, match='no inputs for 256; it knows'):
        scale_config(cfg, setting)


@pytest.mark.parametrize('method', ['R1', 'H1', 'I2'])
def test_the_control_takes_as_many_steps_as_strategy_2(method):
    """Steps and drops of the rate, counted in frames of Human3.6M."""
    by_name = {row.name: row for row in ROWS}
    counts = {}
    for name in ('Strategy1', 'Strategy1x2', 'Strategy2'):
        row = by_name[f'{name}.{method}']
        cfg = scaled(row.config, row.setting, 'small')
        loader, shares = cfg.train_dataloader, [1]
        if 'batch_sampler' in loader:
            shares = loader.batch_sampler.shares
        frames = loader.batch_size * shares[0] / sum(shares)
        (drops,) = (
            s.milestones for s in cfg.param_scheduler if 'milestones' in s
        )
        epochs = [cfg.train_cfg.max_epochs, *drops]
        counts[name] = [2400 * epoch / frames for epoch in epochs]
    assert counts['Strategy1x2'] == counts['Strategy2']
    assert counts['Strategy1x2'] == [2 * n for n in counts['Strategy1']]


def test_a_control_of_the_small_scales_is_not_at_the_papers():
    """It would be the row itself there."""
    with pytest.raises(NotAtScaleError, match='control'):
        load_setting('paper', 'h36m_double')
