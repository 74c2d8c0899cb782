"""A part that does not start from the file of its ``init_cfg`` is an error."""

import logging
import re
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

import torch
from mmengine.logging import print_log
from mmengine.model import PretrainedInit
from mmengine.runner.checkpoint import CheckpointLoader

from .compare_weights import (
    check_values,
    compare_weights,
    count,
    how_to_allow,
    learned_names,
)

Weights = Dict[str, torch.Tensor]


def check_pretrained(
    model: torch.nn.Module, allow: Sequence[str] = ()
) -> None:
    """Raise if a part did not start from the file of its ``init_cfg``.

    To be called after ``init_weights``. Of weights that are not in the file,
    or have another shape there, mmengine only warns, and they stay random.
    The file may have more, such as a classifier. Parts that mmengine has not
    initialised (frozen teachers; classes that convert a file themselves; parts
    in a list of torch) cannot be checked: a warning names them. ``allow`` are
    beginnings of names that may differ.

    Raises:
        ValueError: Names the part, the file and the first weights.
    """
    #: Weights that another file has replaced.
    replaced: Set[str] = set()
    for name, part in model.named_modules():
        path = f'{name}.' if name else ''
        inits = _list(getattr(part, 'init_cfg', None))
        # Of a part and the parts in it, mmengine loads the part's file last,
        # and after it those of an `override`.
        for within, inner, files in _files(path, part, inits):
            if not getattr(part, 'is_init', False):
                print_log(
                    f'{within}init_cfg: whether this {type(inner).__name__} '
                    f'starts from {_source(files)} is not checked, because '
                    'MMEngine has not initialised it',
                    'current',
                    logging.WARNING,
                )
                continue
            free = list(allow)
            if inner is part:
                free += [f'{path}{one["name"]}.' for one in _overrides(inits)]
            replaced |= _check_part(within, inner, files, free, replaced)


def _check_part(
    path: str,
    part: torch.nn.Module,
    inits: List[dict],
    free: Sequence[str],
    replaced: Set[str],
) -> Set[str]:
    """Compare a part with its files; returns the weights that they hold."""
    source = _source(inits)
    weights: Weights = {}
    for init in inits:
        weights.update(_read(init['checkpoint'], init.get('prefix')))
    check_values(part, weights, source)
    own = _copies(part)
    difference = compare_weights(part, weights)
    changed = [
        name
        for name, value in _copies(part).items()
        if not torch.equal(value, own[name])
        and not name.endswith('num_batches_tracked')
    ]
    _restore(part, own)
    learned = learned_names(part)
    held = learned - {*difference.missing, *difference.shapes}

    def counts(name: str) -> bool:
        name = f'{path}{name}'
        return name not in replaced and not name.startswith(tuple(free))

    wrong = difference._replace(
        missing=[name for name in difference.missing if name in learned]
    ).only(counts)
    changed = list(filter(counts, changed))
    if wrong.missing or wrong.shapes or changed:
        parts = wrong.sentences()
        if changed:
            parts.append(
                count(changed, 'were changed after loading')
                + ' (by a ResNet unless its init_cfg is a dict)'
            )
        names = [*wrong.missing, *wrong.shapes, *changed]
        raise ValueError(
            f'{path}init_cfg: this {type(part).__name__} does not start '
            f'from {source}. {"; ".join(parts)}. Give the file of this '
            "network, and `prefix='backbone.'` for that of a whole model."
            + how_to_allow([f'{path}{name}' for name in names], free)
        )
    return {f'{path}{name}' for name in held}


def _copies(part: torch.nn.Module) -> Weights:
    return {
        name: value.clone()
        for name, value in part.state_dict().items()
        if isinstance(value, torch.Tensor)
    }


def _restore(part: torch.nn.Module, weights: Weights) -> None:
    own = part.state_dict()
    with torch.no_grad():
        for name, value in weights.items():
            own[name].copy_(value)


def _files(
    path: str, part: torch.nn.Module, inits: List[dict]
) -> Iterator[Tuple[str, torch.nn.Module, List[dict]]]:
    """What mmengine loads into a part, the last first."""
    for one in filter(_is_pretrained, _overrides(inits)):
        yield f'{path}{one["name"]}.', getattr(part, one['name']), [one]
    files = list(filter(_is_pretrained, inits))
    if files:
        yield path, part, files


def _overrides(inits: List[dict]) -> Iterator[dict]:
    """The ``override`` entries: each initialises a part of the part."""
    for init in inits:
        yield from _list(init.get('override'))


def _is_pretrained(init: dict) -> bool:
    kind = init.get('type')
    return kind is PretrainedInit or str(kind).split('.')[-1] == 'Pretrained'


def _list(value) -> list:
    return [value] if isinstance(value, dict) else list(value or [])


def _source(inits: List[dict]) -> str:
    return ', '.join(init['checkpoint'] for init in inits)


def _read(source: str, prefix: Optional[str]) -> Weights:
    """The weights whose names begin with the prefix, without it."""
    content = CheckpointLoader.load_checkpoint(source, map_location='cpu')
    prefix = (
        rf'{re.escape(prefix.rstrip("."))}\.' if prefix else r'(module\.)?'
    )
    return {
        re.sub(f'^{prefix}', '', name): value
        for name, value in content.get('state_dict', content).items()
        if re.match(prefix, name)
    }
