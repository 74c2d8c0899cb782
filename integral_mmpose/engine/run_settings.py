"""What decides the course of a training, as plain data.

Two trainings with equal settings and equal files are equal to the bit, so a
checkpoint that holds the settings of its run says whether it can be resumed
exactly. The config text that mmengine writes into a checkpoint is code, and
is never executed.
"""

import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

from mmengine.dist import get_world_size
from mmengine.hooks import EarlyStoppingHook

# Without influence on the result, or (init_cfg) on a resumed one. The data
# set may lie elsewhere: its size and its annotation files are compared.
_IGNORED = (
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
    'data_root',
    'backend_args',
    'init_cfg',
)
#: Hooks of every training, without which it takes another course.
_DRIVERS = ('DistSamplerSeedHook', 'ParamSchedulerHook')
#: Hooks that look on, and those for the start of a training.
_ONLOOKERS = (
    'AtomicCheckpointHook',
    'BadCaseAnalysisHook',
    'CheckCheckpointHook',
    'CheckpointHook',
    'EmptyCacheHook',
    'IterTimerHook',
    'LoggerHook',
    'NaNGuardHook',
    'PoseVisualizationHook',
    'ProfilerHook',
    'ResumeHook',
    'RuntimeInfoHook',
)
_SHOWN = 20
_ABSENT = 'absent'


def settings_of(runner) -> Dict[str, Any]:
    """The settings of a run: dicts, lists, strings and numbers."""
    cfg, loader = runner.cfg, runner.train_dataloader
    train_cfg = dict(cfg.get('train_cfg') or {})
    schedulers = cfg.get('param_scheduler')
    hooks = _hooks(cfg.get('custom_hooks') or [])
    default_hooks = _hooks((cfg.get('default_hooks') or {}).values())
    stops = any(isinstance(h, EarlyStoppingHook) for h in runner.hooks)
    waits = any(word in str(schedulers) for word in ('Plateau', 'monitor'))
    decides = stops or waits
    if not decides:  # validation is free
        for name in ('val_interval', 'val_begin', 'dynamic_intervals'):
            train_cfg.pop(name, None)
    scaling = cfg.get('auto_scale_lr') or {}
    return plain(
        dict(
            train_cfg=train_cfg,
            param_scheduler=schedulers,
            optim_wrapper=cfg.get('optim_wrapper'),
            auto_scale_lr=scaling if scaling.get('enable') else None,
            train_dataloader=cfg.get('train_dataloader'),
            model=cfg.get('model'),
            processes=get_world_size(),
            batch_size=loader.batch_size,
            samples=len(loader.dataset),
            annotations=annotations_of(loader.dataset),
            joint_sets=_joint_sets(loader.dataset),
            side_files=annotations_of(loader.dataset, 'side_files'),
            custom_hooks=hooks,
            default_hooks=default_hooks,
            drivers=[h for h in _DRIVERS if h in map(_name, runner.hooks)],
            validation=_validation(runner) if decides else None,
            sync_bn=cfg.get('sync_bn'),
            diff_rank_seed=bool(
                runner._randomness_cfg.get('diff_rank_seed', False)
            ),
            seed=runner.seed,
        )
    )


def _validation(runner) -> Optional[dict]:
    """What is measured, where that decides the course of the training."""
    loop = runner.val_loop
    return loop and dict(
        dataloader=runner.cfg.get('val_dataloader'),
        evaluator=runner.cfg.get('val_evaluator'),
        annotations=annotations_of(loop.dataloader.dataset),
    )


def _hooks(hooks: Iterable) -> list:
    """Those that change the course of a training."""
    return [
        hook if isinstance(hook, dict) else type(hook)
        for hook in hooks
        if hook is not None and _name(hook) not in _ONLOOKERS + _DRIVERS
    ]


def _name(hook) -> str:
    """The class of a hook, or of the config of one, without its scope."""
    kind = hook.get('type') if isinstance(hook, dict) else type(hook)
    return getattr(kind, '__name__', str(kind)).split('.')[-1]


def annotations_of(dataset, attribute: str = 'ann_file') -> List[str]:
    """CRC-32 of the annotation files of each data set, in order.

    Wrappers (``dataset``) and mixtures (``datasets``) are looked into; a data
    set without the attribute, a path or several, has none.
    """
    inner = getattr(dataset, 'datasets', None)
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    if inner is not None:
        return [
            crc for part in inner for crc in annotations_of(part, attribute)
        ]
    paths = getattr(dataset, attribute, None) or []
    paths = [paths] if isinstance(paths, (str, Path)) else paths
    found = [path for path in map(Path, paths) if path.is_file()]
    return [
        _crc(str(path.resolve()), path.stat().st_mtime_ns, path.stat().st_size)
        for path in found
    ]


def _joint_sets(dataset) -> List[dict]:
    """What training reads of the joint set of each data set, in order.

    It may be of a file of its own, which the config only names.
    """
    inner = list(getattr(dataset, 'datasets', None) or [])
    inner += [dataset.dataset] if hasattr(dataset, 'dataset') else []
    found = [one for part in inner for one in _joint_sets(part)]
    metainfo = getattr(dataset, 'metainfo', None) or {}
    if 'flip_indices' in metainfo:
        own = dict(
            names=list(metainfo['keypoint_id2name'].values()),
            swaps=list(metainfo['flip_indices']),
            weights=metainfo['dataset_keypoint_weights'].tolist(),
        )
        found.insert(0, own)
    return found


@lru_cache(maxsize=None)
def _crc(path: str, changed: int, size: int) -> str:
    return f'{zlib.crc32(Path(path).read_bytes()):08x}'


def plain(value: Any) -> Any:
    """A copy without config classes and functions."""
    if isinstance(value, dict):
        return {
            str(key): plain(item)
            for key, item in value.items()
            if key not in _IGNORED
        }
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, '__qualname__', str(value))


def differences(old: Dict[str, Any], new: Dict[str, Any]) -> List[str]:
    """One line for each setting that differs: ``name: old -> new``."""
    old, new = _flat(_trained(old)), _flat(_trained(new))
    pairs = {
        name: (old.get(name, _ABSENT), new.get(name, _ABSENT))
        for name in sorted({**old, **new})
    }
    return [
        f'{name}: {was} -> {now}'
        for name, (was, now) in pairs.items()
        # Of an empty list beside a full one, the entries are named.
        if was != now and {str(was), str(now)} != {_ABSENT, '[]'}
    ]


def _trained(settings: Dict[str, Any]) -> Dict[str, Any]:
    """Without how the model is tested, where no validation decides."""
    model = dict(settings.get('model') or {})
    if not settings.get('validation'):
        model.pop('test_cfg', None)
    return dict(settings, model=model)


def listing(lines: List[str]) -> str:
    """The differences as indented lines, at most 20."""
    rest = len(lines) - _SHOWN
    shown = lines[:_SHOWN] + ([f'and {rest} more'] if rest > 0 else [])
    return ''.join(f'\n  {line}' for line in shown)


def _flat(value: Any, name: str = '') -> Dict[str, Any]:
    """{'a': [{'b': 1}]} as {'a.0.b': 1}."""
    if not isinstance(value, (dict, list)) or not value:
        return {name: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    flat = {}
    for key, item in items:
        flat.update(_flat(item, f'{name}.{key}' if name else str(key)))
    return flat
