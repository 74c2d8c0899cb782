"""How weights in a file differ from those of a model."""

import re
from typing import Callable, Dict, List, NamedTuple, Sequence, Set

import torch

_SHOWN = 3
#: How torch tells of a weight of another shape.
_MISMATCH = re.compile(
    r'size mismatch for (\S+): copying a param with shape '
    r'torch\.Size\(\[(.*?)\]\) from checkpoint, the shape in current model '
    r'is torch\.Size\(\[(.*?)\]\)'
)
_STATISTICS = ('running_mean', 'running_var')


class Difference(NamedTuple):
    """How a checkpoint differs from a model, by the names of weights."""

    missing: List[str]
    unexpected: List[str]
    #: Name -> the name and both shapes.
    shapes: Dict[str, str]

    def only(self, keep: Callable[[str], bool]) -> 'Difference':
        """The part of which the names are to be kept."""
        return Difference(
            list(filter(keep, self.missing)),
            list(filter(keep, self.unexpected)),
            {n: text for n, text in self.shapes.items() if keep(n)},
        )

    def names(self) -> List[str]:
        """All that differ."""
        return [*self.missing, *self.unexpected, *self.shapes]

    def sentences(self) -> List[str]:
        """What differs, each with its first weights."""
        return [
            count(names, what)
            for what, names in (
                ('have another shape', list(self.shapes.values())),
                ('are missing in it', self.missing),
                ('are not in the model', self.unexpected),
            )
            if names
        ]


def compare_weights(
    model: torch.nn.Module, state_dict: Dict[str, torch.Tensor]
) -> Difference:
    """Load ``state_dict`` into ``model`` and say what did not fit.

    torch itself loads, so that the modules' own renaming of old names works.
    """
    found, shapes = [], {}
    hook = model.register_load_state_dict_post_hook(
        lambda _, keys: found.append(keys)
    )
    try:
        model.load_state_dict(state_dict, strict=False)
    except RuntimeError as error:
        for name, there, here in _MISMATCH.findall(str(error)):
            shapes[name] = f'{name} ({there}) instead of ({here})'
        if not shapes:
            raise
    finally:
        hook.remove()
    missing, unexpected = found[-1]
    return Difference(
        [name for name in missing if not name.endswith('num_batches_tracked')],
        list(unexpected),
        shapes,
    )


def how_to_allow(names: List[str], allowed: Sequence[str]) -> str:
    """How to train on without these weights, the end of a message."""
    for depth in (2, 1):
        starts = sorted({'.'.join(name.split('.')[:depth]) for name in names})
        if len(starts) <= _SHOWN:
            break
    return (
        ' To train on without these weights, allow them by the beginning of '
        "their names in a config of three lines:\n_base_ = ['YOUR_CONFIG.py']"
        '\nfrom integral_mmpose.config import edit\ncustom_hooks = edit('
        '_base_.custom_hooks, CheckCheckpointHook=dict('
        f'allow={[*allowed, *starts]}))'
    )


def count(names: List[str], what: str) -> str:
    """How many weights are so, and the first of them."""
    more = ', ...' if len(names) > _SHOWN else ''
    return f'{len(names)} weights {what}: {", ".join(names[:_SHOWN])}{more}'


def learned_names(model: torch.nn.Module) -> Set[str]:
    """Parameters and the statistics of norms; other buffers are computed."""
    names = {
        name for name, _ in model.named_parameters(remove_duplicate=False)
    }
    buffers = dict(model.named_buffers(remove_duplicate=False))
    return names | {name for name in buffers if name.endswith(_STATISTICS)}


def check_values(
    model: torch.nn.Module, weights: Dict[str, torch.Tensor], source: str
) -> None:
    """Refuse what torch would copy: NaN, and whole or complex numbers."""
    own, learned = model.state_dict(), learned_names(model)
    for name, value in weights.items():
        if name not in learned or not isinstance(value, torch.Tensor):
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
