"""One function that brings a config of the paper's scale to another scale.

The numbers are in ``scale_numbers``. A config has its sizes resolved
in several places (codec, decoder, encoder, crop): all of them are
changed, and :func:`check_sizes` proves it.
"""

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Iterator, Optional

from mmengine.config import Config, ConfigDict
from mmpose.models.backbones.resnet import ResNet, get_expansion

from .experiment import Experiment
from .rows import ROOT

SCALES = (
    *('tiny', 'small', 'long', 'scratch'),
    *('pretrained', 'photographs', 'paper'),
)
NUMBERS = ROOT / 'reproduction/scale_numbers'
#: The schedule that a scale lays its numbers over.
SCHEDULE = ROOT / 'configs/_base_/schedules/small_9e.py'
#: Settings that only change the schedule: no config has them.
CONTROLS = ('h36m_double',)


class NotAtScaleError(ValueError):
    """A scale has no numbers for a row."""


def load_setting(scale: str, name: str) -> Optional[ConfigDict]:
    """Numbers of a scale for one kind of rows; ``None`` at paper scale."""
    if scale == 'paper':
        if name in CONTROLS:
            raise NotAtScaleError('it is a control of the small scales')
        return None
    return _of(_load(NUMBERS / f'{scale}.py'), 'settings', name)


@lru_cache(None)
def _load(path: Path) -> Config:
    return Config.fromfile(path)


def scale_config(cfg: Config, setting: Optional[ConfigDict]) -> Config:
    """A copy of ``cfg``, of the paper's scale, at the scale of a setting.

    Changes the input, the width of the network, the schedule and the loaders;
    heads, losses, readout, samplers, augmentation and metrics stay.
    """
    cfg = deepcopy(cfg)
    if setting is None:
        return cfg
    side = _of(setting, 'inputs', cfg.codec.input_size[0])
    for each in sized(cfg):
        each.input_size = (side, side)
    _scale_model(cfg.model, setting)
    _scale_schedule(cfg, setting)
    _scale_loaders(cfg, setting)
    _sharpen(cfg, setting)
    cfg.auto_scale_lr.base_batch_size = setting.base_batch_size
    check_sizes(cfg)
    return cfg


def sized(node) -> Iterator[ConfigDict]:
    """Yield the parts of a config with an input size: codecs and crops."""
    if isinstance(node, (dict, Config)):
        if 'input_size' in node:
            yield node
        node = [value for _, value in node.items()]
    if isinstance(node, (list, tuple)):
        for value in node:
            yield from sized(value)


def check_sizes(cfg: Config) -> None:
    """Raise if codec, decoder, encoder and crops disagree."""
    sizes = {tuple(each.input_size) for each in sized(cfg)}
    if len(sizes) > 1:
        raise ValueError(
            f'the config has the input sizes {sorted(sizes)}: a size was not '
            'resolved everywhere'
        )


def _of(setting: ConfigDict, table: str, key):
    if key not in setting[table]:
        raise NotAtScaleError(
            f'the scale has no {table} for {key}; it knows '
            f'{sorted(setting[table])}: add it in reproduction/scale_numbers'
        )
    return setting[table][key]


def _scale_model(model: ConfigDict, setting: ConfigDict) -> None:
    backbone, head = model.backbone, model.head
    if backbone.type == 'HourglassStem':
        channels = _of(setting, 'hourglasses', backbone.channels)
        backbone.channels = head.in_channels = channels
    elif 'backbones' in setting:
        _replace_backbone(model, setting)
    else:
        narrow = _of(setting, 'resnets', backbone.depth)
        block, _ = ResNet.arch_settings[narrow.depth]
        conv2 = narrow.base_channels * get_expansion(block)
        backbone.update(dict(dict(init_cfg=None), **narrow))
        head.in_channels = conv2 * 2 ** (backbone.get('num_stages', 4) - 1)
        if 'stage' in head:
            names = ('depth', 'base_channels', 'style', 'init_cfg')
            head.stage.update({k: backbone[k] for k in names if k in backbone})
    if head.get('deconv_out_channels'):
        count = len(head.deconv_out_channels)
        head.deconv_out_channels = _of(setting, 'deconvs', count)
    if 'depth' in head:
        head.depth = _of(setting, 'depths', head.depth)
    if 'depths' in head:
        head.depths = tuple(_of(setting, 'depths', d) for d in head.depths)


def _replace_backbone(model: ConfigDict, setting: ConfigDict) -> None:
    """Replace a ResNet of one stage by another network."""
    if 'stage' in model.head:
        raise NotAtScaleError(
            'the scale has no stages for a multi-stage ResNet: its backbone '
            'is another network'
        )
    model.backbone = deepcopy(_of(setting, 'backbones', model.backbone.depth))
    model.head.in_channels = setting.features


def _scale_schedule(cfg: Config, setting: ConfigDict) -> None:
    numbers = setting.schedules[Experiment.parse(cfg.filename).half]
    for key in ('train_cfg', 'optim_wrapper', 'param_scheduler'):
        cfg[key] = deepcopy(_load(SCHEDULE)[key])
    epochs = numbers.max_epochs
    cfg.train_cfg.update(max_epochs=epochs, val_interval=numbers.val_interval)
    cfg.optim_wrapper.optimizer.lr = numbers.get('lr', 1e-3)
    for scheduler in cfg.param_scheduler:
        if scheduler.type == 'MultiStepLR':
            scheduler.update(end=epochs, milestones=list(numbers.milestones))


def _sharpen(cfg: Config, setting: ConfigDict) -> None:
    """Multiply the maps that an integral row starts from.

    Not where H1's loss goes on, which holds the maps in [0, 1], nor where the
    config has a factor of its own.
    """
    head = cfg.model.head
    loss = head.get('heatmap_loss') or {}
    if (
        not cfg.get('load_from')
        or not head.get('joint_loss')
        or loss.get('type') == 'VolumeMSELoss'
        or any(hook.type == 'SharpenHook' for hook in cfg.custom_hooks)
    ):
        return
    start = Experiment.parse(Path(cfg.load_from).parent)
    factors = setting.get('sharpen', {})
    factor = factors.get(f'{start.method}_{start.network}')
    factor = factor or factors.get(start.method)
    if factor:
        cfg.custom_hooks.append(ConfigDict(type='SharpenHook', factor=factor))


def _scale_loaders(cfg: Config, setting: ConfigDict) -> None:
    train = cfg.train_dataloader
    train.update(setting.train_loader)
    for key in ('val_dataloader', 'test_dataloader'):
        cfg[key].update(setting.val_loader)
        if setting.get('val_images'):
            cfg[key].dataset.indices = setting.val_images
    batches = setting.get('train_batches')
    if batches and 'batch_sampler' in train:
        train.batch_sampler.num_batches = batches
    elif batches:
        train.dataset.indices = batches * train.batch_size
