"""A part that does not start from the file of its ``init_cfg`` is an error."""

import copy
import re
from typing import Dict, List, Optional, Sequence

import torch
from mmengine.model import PretrainedInit
from mmengine.runner.checkpoint import CheckpointLoader

from .compare_weights import (
    ALLOW,
    check_values,
    compare_weights,
    count,
    sentences,
)


def check_pretrained(
    model: torch.nn.Module, allow: Sequence[str] = ()
) -> None:
    """Raise if a part did not start from the file of its ``init_cfg``.

    To be called after ``init_weights``. Of weights that are not in the file,
    or have another shape there, mmengine only warns, and they stay random.
    The file may have more, such as a classifier. Parts that mmengine has not
    initialised (frozen teachers; classes that convert a file themselves) are
    not looked at. ``allow`` are beginnings of names that may differ.

    Raises:
        ValueError: Names the part, the file and the first weights.
    """
    from_parents: List[str] = []
    for name, part in model.named_modules():
        inits = _pretrained(part) if getattr(part, 'is_init', False) else []
        path = f'{name}.' if name else ''
        # mmengine loads the file of a part after those of the parts in it.
        if not inits or path.startswith(tuple(from_parents)):
            continue
        source = ', '.join(init['checkpoint'] for init in inits)
        weights: Dict[str, torch.Tensor] = {}
        for init in inits:
            weights.update(_read(init['checkpoint'], init.get('prefix')))
        check_values(part, weights, source)
        free = *allow, *(path + prefix for prefix in _overridden(inits))
        loaded = copy.deepcopy(part)
        missing, unexpected, shapes = compare_weights(loaded, weights)
        if not missing and not shapes:
            from_parents.append(path)
        own = part.state_dict()
        changed = [
            key
            for key, value in loaded.state_dict().items()
            if not torch.equal(value, own[key])
            and not key.endswith('num_batches_tracked')
        ]
        missing, shapes, changed = (
            [key for key in keys if not f'{path}{key}'.startswith(free)]
            for keys in (missing, shapes, changed)
        )
        if missing or shapes or changed:
            parts = sentences(missing, unexpected, shapes)
            if changed:
                parts.append(
                    count(changed, 'were changed after loading')
                    + ' (by a ResNet unless its init_cfg is a dict)'
                )
            raise ValueError(
                f'{path}init_cfg: this {type(part).__name__} does not start '
                f'from {source}. {"; ".join(parts)}. Give the file of this '
                "network, and `prefix='backbone.'` for that of a whole model."
                + ALLOW
            )


def _overridden(inits: List[dict]) -> List[str]:
    """Parts that an ``override`` initialises in another way."""
    found = [init.get('override') or [] for init in inits]
    return [
        f'{one["name"]}.'
        for some in found
        for one in ([some] if isinstance(some, dict) else some)
    ]


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
    content = CheckpointLoader.load_checkpoint(source, map_location='cpu')
    prefix = (
        rf'{re.escape(prefix.rstrip("."))}\.' if prefix else r'(module\.)?'
    )
    return {
        re.sub(f'^{prefix}', '', name): value
        for name, value in content.get('state_dict', content).items()
        if re.match(prefix, name)
    }
