"""A checkpoint of another model is an error, not a warning.

mmengine loads with ``strict=False``: the weights that do not fit stay random,
a warning scrolls by, and the evaluation prints numbers of a random network.
"""

import os.path as osp
import re
from typing import Dict, List, NamedTuple, Optional, Sequence

import torch
from mmengine.hooks import Hook
from mmengine.model import PretrainedInit, is_model_wrapper
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.registry import HOOKS

from .find_checkpoint import trains
from .safe_load import require_file

_SHOWN = 3
_ALLOW = (
    ' To train on without these weights, allow them by the beginning of their '
    "names in a config of three lines:\n_base_ = ['YOUR_CONFIG.py']\n"
    'from integral_mmpose.config import edit\n'
    'custom_hooks = edit(_base_.custom_hooks, CheckCheckpointHook=dict('
    "allow=['head.final_layer']))"
)
_STAGE = re.compile(r'head\.stages\.(\d+)\.')


class Difference(NamedTuple):
    """How a checkpoint differs from a model: lists of weight names."""

    missing: List[str]
    unexpected: List[str]
    shapes: List[str]


def compare_weights(
    model: torch.nn.Module, state_dict: Dict[str, torch.Tensor]
) -> Difference:
    """Load ``state_dict`` into ``model`` and say what did not fit.

    torch itself loads, so that the modules' own renaming of old names works.
    """
    own = model.state_dict()
    try:
        missing, unexpected = model.load_state_dict(state_dict, strict=False)
    except RuntimeError:
        shapes = [
            f'{name} {tuple(state_dict[name].shape)} instead of '
            f'{tuple(value.shape)}'
            for name, value in own.items()
            if name in state_dict and state_dict[name].shape != value.shape
        ]
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        if not shapes:
            raise
    else:
        shapes = []
    missing = [m for m in missing if not m.endswith('num_batches_tracked')]
    return Difference(list(missing), list(unexpected), shapes)


def check_weights(
    model: torch.nn.Module,
    checkpoint: dict,
    source: str,
    partial: bool = False,
    allow: Sequence[str] = (),
) -> None:
    """Raise if a checkpoint does not belong to a model.

    Args:
        model (torch.nn.Module): The model as the config builds it.
        checkpoint (dict): A state dict, or a dict with ``state_dict``.
        source (str): The name of the checkpoint, for the message.
        partial (bool): Allow whole parts of the model (``backbone``,
            ``head``, ...) to be absent on either side, as in a pretrained
            backbone. A part that is there must fit.
        allow (Sequence[str]): Beginnings of names that may differ, such as
            ``head.final_layer`` for another number of joints.

    Raises:
        ValueError: Names the checkpoint, the first weights that differ, and
            what to do.
    """
    weights = {
        re.sub(r'^module\.', '', name): value
        for name, value in checkpoint.get('state_dict', checkpoint).items()
    }
    _check_values(model, weights, source)
    common = set(map(_part, model.state_dict())) & set(map(_part, weights))
    compare_all = not partial or not common
    difference = compare_weights(model, weights)
    parts = _sentences(
        *(
            [
                name
                for name in kind
                if (compare_all or _part(name) in common)
                and not name.startswith(tuple(allow))
            ]
            for kind in difference
        )
    )
    if not parts:
        return
    found, wanted = (
        len({m[1] for m in map(_STAGE.match, names) if m})
        for names in (weights, model.state_dict())
    )
    if found != wanted:
        parts.insert(0, f'{found} stages in it, {wanted} in the model')
    raise ValueError(
        f'checkpoint {source} is of another model than the config. '
        f'{"; ".join(parts)}. Give the config that the checkpoint was trained '
        'with (it is dumped beside the checkpoint), or another checkpoint.'
        + (_ALLOW if partial else '')
    )


def check_pretrained(
    model: torch.nn.Module, allow: Sequence[str] = ()
) -> None:
    """Raise if a part does not start from the file of its ``init_cfg``.

    Of weights that are not in the file, or have another shape there, mmengine
    only warns, and they stay random. The file may have more, such as a
    classifier. ``allow`` are beginnings of names that may stay random.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Names the part, the file and the first weights.
    """
    for name, part in model.named_modules():
        sources, weights = [], {}
        for init in _pretrained(part):
            sources.append(osp.expanduser(init['checkpoint']))
            weights.update(_read(sources[-1], init.get('prefix')))
        if not sources:
            continue
        _check_values(part, weights, ', '.join(sources))
        missing, unexpected, shapes = compare_weights(part, weights)
        path = f'{name}.' if name else ''
        missing, shapes = (
            [
                key
                for key in keys
                if not f'{path}{key}'.startswith(tuple(allow))
            ]
            for keys in (missing, shapes)
        )
        if missing or shapes:
            raise ValueError(
                f'{path}init_cfg: {", ".join(sources)} is not the file of '
                f'this {type(part).__name__}. '
                f'{"; ".join(_sentences(missing, unexpected, shapes))}. Give '
                "the file of this network, and `prefix='backbone.'` for that "
                f'of a whole model.{_ALLOW}'
            )


def _pretrained(part: torch.nn.Module) -> List[dict]:
    """What mmengine loads into this part."""
    init = getattr(part, 'init_cfg', None) or []
    return [
        one
        for one in ([init] if isinstance(init, dict) else init)
        if one['type'] in ('Pretrained', PretrainedInit)
    ]


def _read(source: str, prefix: Optional[str]) -> Dict[str, torch.Tensor]:
    """The weights whose names begin with the prefix, without it."""
    if '://' not in source:
        require_file(source)
    content = CheckpointLoader.load_checkpoint(source, map_location='cpu')
    prefix = (
        rf'{re.escape(prefix.rstrip("."))}\.' if prefix else r'(module\.)?'
    )
    return {
        re.sub(f'^{prefix}', '', name): value
        for name, value in content.get('state_dict', content).items()
        if re.match(prefix, name)
    }


def _sentences(missing, unexpected, shapes) -> List[str]:
    return [
        f'{len(names)} weights {what}: {", ".join(names[:_SHOWN])}'
        f'{", ..." if len(names) > _SHOWN else ""}'
        for what, names in (
            ('have another shape', shapes),
            ('are missing in it', missing),
            ('are not in the model', unexpected),
        )
        if names
    ]


def _check_values(
    model: torch.nn.Module, weights: Dict[str, torch.Tensor], source: str
) -> None:
    """Refuse what torch would copy: NaN, and whole or complex numbers."""
    own = model.state_dict()
    for name, value in weights.items():
        if name not in own or not isinstance(value, torch.Tensor):
            continue
        if own[name].is_floating_point() and not value.is_floating_point():
            problem = f'is of {value.dtype}, not of floating point'
        elif not value.isfinite().all():
            problem = 'holds numbers that are not finite'
        else:
            continue
        raise ValueError(
            f'checkpoint {source}: the weight {name} {problem}. Take an '
            'earlier checkpoint'
        )


def _part(name: str) -> str:
    return name.split('.')[0]


def _unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    return model.module if is_model_wrapper(model) else model


@HOOKS.register_module()
class CheckCheckpointHook(Hook):
    """Check every checkpoint that the runner loads.

    Testing and resuming need all weights. ``load_from`` of a training may
    name a pretrained part.

    Args:
        allow (Sequence[str]): Beginnings of the names of weights that
            ``load_from`` of a training, or the file of an ``init_cfg``, need
            not have, or may have in another shape: they start as the config
            initialises them.
    """

    def __init__(self, allow: Sequence[str] = ()) -> None:
        self.allow = [allow] if isinstance(allow, str) else list(allow)

    # After EMAHook, which exchanges the weights of the checkpoint.
    priority = 'VERY_LOW'

    def before_run(self, runner) -> None:
        """Look for the checkpoint before weights are downloaded.

        And see :func:`check_pretrained`.

        Raises:
            FileNotFoundError: If ``load_from`` is a file that is missing.
        """
        source = runner._load_from
        if source and '://' not in source:
            require_file(osp.expanduser(source))
        if trains(runner):
            check_pretrained(_unwrapped(runner.model), self.allow)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """See :func:`check_weights`.

        Raises:
            ValueError: If the checkpoint is of another model.
        """
        model = _unwrapped(runner.model)
        starts = trains(runner) and not runner._resume
        check_weights(
            model,
            checkpoint,
            source=runner._load_from or f'in {runner.work_dir}',
            partial=starts,
            allow=self.allow if starts else (),
        )
