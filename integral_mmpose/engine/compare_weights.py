"""How weights in a file differ from those of a model."""

from typing import Dict, List, NamedTuple

import torch

_SHOWN = 3
#: The end of a message.
ALLOW = (
    ' To train on without these weights, allow them by the beginning of their '
    "names in a config of three lines:\n_base_ = ['YOUR_CONFIG.py']\n"
    'from integral_mmpose.config import edit\n'
    'custom_hooks = edit(_base_.custom_hooks, CheckCheckpointHook=dict('
    "allow=['head.final_layer']))"
)


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
            two_shapes(name, state_dict[name], value)
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


def sentences(
    missing: List[str], unexpected: List[str], shapes: List[str]
) -> List[str]:
    """What differs, each with its first weights."""
    return [
        count(names, what)
        for what, names in (
            ('have another shape', shapes),
            ('are missing in it', missing),
            ('are not in the model', unexpected),
        )
        if names
    ]


def count(names: List[str], what: str) -> str:
    """How many weights are so, and the first of them."""
    more = ', ...' if len(names) > _SHOWN else ''
    return f'{len(names)} weights {what}: {", ".join(names[:_SHOWN])}{more}'


def two_shapes(name: str, found: torch.Tensor, own: torch.Tensor) -> str:
    """A weight that has another shape."""
    return f'{name} {tuple(found.shape)} instead of {tuple(own.shape)}'


def check_values(
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
