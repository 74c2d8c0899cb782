"""Messages for wrong options in a config.

Either the class of the config does not take the option: Python's own error
names the class that has the ``__init__``, often a base of the one in the
config, but mmengine's ``build_from_cfg``, a frame of the traceback, knows it.
Or the value is of a wrong type: ``batch_size='4'`` or ``frame_step='2'`` fails
somewhere else, or not at all: ``shuffle='False'`` shuffles.
"""

import inspect
import numbers
import re
import traceback
import types
from collections.abc import Mapping, Sequence
from functools import partial
from typing import (
    Any,
    Callable,
    Iterator,
    List,
    Optional,
    Tuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

_WRONG = re.compile(
    r'(\w+)(?:\.__init__)?\(\) (?:takes no arguments'
    r"|(got an unexpected keyword argument '\w+'|missing .*))"
)
#: Packages whose annotations are correct.
CHECKED = (
    'integral_mmpose.',
    'mmengine.dataset.',
    'mmengine.hooks.',
    'mmengine.optim.scheduler.',
    'mmengine.runner.loops',
    'mmpose.datasets.datasets.',
    'torch.optim.',
)
#: Packages that accept 1e3 and inf as a whole number, a text as a list.
LOOSE = (
    'mmengine.hooks.',
    'mmengine.optim.scheduler.',
    'mmengine.runner.loops',
    'torch.',
)
#: Types of options that have no readable annotations.
UNNAMED = {
    'DataLoader': dict(
        batch_size=Optional[int],
        num_workers=int,
        persistent_workers=Optional[bool],
        pin_memory=Optional[bool],
        drop_last=bool,
        prefetch_factor=Optional[int],
    ),
    'optim_wrapper': dict(accumulative_counts=int),
    'clip_grad': dict(max_norm=float, norm_type=Union[float, str]),
}
#: Type -> its name in a message, and the classes that count as it.
KINDS = {
    bool: ('True or False', (bool, np.bool_)),
    int: ('a whole number', numbers.Integral),
    float: ('a number', numbers.Real),
    str: ('a text', str),
    dict: ('a dict', Mapping),
    type(None): ('None', type(None)),
}
LISTS = (tuple, list, Sequence)
UNIONS = (Union, types.UnionType)


def wrong_option(error: Exception) -> Optional[str]:
    """Name the class of the config, the wrong option, and its options.

    Python's own text where no config has built the class; None for another
    error.
    """
    wrong = _WRONG.search(str(error))
    if not (wrong and isinstance(error, TypeError)):
        return None
    owner, what = wrong.groups()
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        if frame.f_code.co_name != 'build_from_cfg':
            continue
        if 'obj_cls' not in frame.f_locals:
            return str(error)  # of the module that has the class
        named, built, given = (
            frame.f_locals[local] for local in ('obj_type', 'obj_cls', 'args')
        )
        named = getattr(named, '__name__', named)  # a class, or its name
        if owner not in [base.__name__ for base in bases_of(built)]:
            return f'{named}: {error}'  # it has handed options on
        # Python does not name the option of a class without an __init__.
        what = what or f'unexpected option {next(iter(given))!r}'
        takes = ', '.join(options_of(built)) or 'none'
        return f'{named}: {what}. Its options are: {takes}'
    return str(error) if '.__init__()' in str(error) else None


def bases_of(built: Callable) -> Sequence[Callable]:
    """A class and its bases; a function alone."""
    return getattr(built, '__mro__', (built, object))[:-1]


def options_of(built: Callable) -> List[str]:
    """The arguments of a class, and of its bases as far as they reach."""
    found = {}
    for base in bases_of(built):
        init = vars(base).get('__init__') if inspect.isclass(base) else base
        if init is None:
            continue
        of_base = inspect.signature(init).parameters.values()
        found.update({p.name: p for p in of_base})
        if all(p.kind != p.VAR_KEYWORD for p in of_base):
            break
    return [
        name
        for name, p in found.items()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and name != 'self'
    ]


def refuse_wrong_types(cfg: Any, path: str = '') -> None:
    """Compare the values of a config with the annotations of their classes.

    Raises:
        ValueError: Names the first value that differs, and what it must be.
    """
    if isinstance(cfg, Mapping):
        kind = cfg.get('type')
        if re.search(r'_dataloader\.(\d+\.)?$', path):
            kind = 'DataLoader'
        elif path == 'optim_wrapper.' or path.endswith('.clip_grad.'):
            kind = path.split('.')[-2]
        elif path in ('val_cfg.', 'test_cfg.') and kind is None:
            kind = path[:-5].capitalize() + 'Loop'
        elif path == 'train_cfg.' and kind is None:
            unit = 'Epoch' if cfg.get('by_epoch') else 'Iter'
            kind = f'{unit}BasedTrainLoop'
        for name, value, annotation, loose in _annotated(cfg, kind):
            if not fits(value, annotation, loose):
                raise ValueError(
                    f'{path}{name}={value!r}: must be '
                    f'{describe(annotation)} '
                    f'({getattr(kind, "__name__", kind)})'
                )
        for name, value in cfg.items():
            refuse_wrong_types(value, f'{path}{name}.')
    elif isinstance(cfg, (list, tuple)):
        for index, value in enumerate(cfg):
            refuse_wrong_types(value, f'{path}{index}.')


def _annotated(
    cfg: Mapping, kind: Any
) -> Iterator[Tuple[str, Any, Any, bool]]:
    """The arguments in ``cfg`` of a class, with annotations.

    And whether the class is one of ``LOOSE``.
    """
    if isinstance(kind, str) and kind in UNNAMED:
        for name in set(cfg).intersection(UNNAMED[kind]):
            yield name, cfg[name], UNNAMED[kind][name], False
        return
    seen = {'type'}
    for base in bases_of(_find(kind)):
        init = vars(base).get('__init__') if inspect.isclass(base) else base
        if not inspect.isfunction(init):
            continue
        if not base.__module__.startswith(CHECKED):
            return
        try:
            hints = get_type_hints(init)
        except (NameError, TypeError):  # newer annotations than Python
            continue
        for name, parameter in inspect.signature(init).parameters.items():
            if name in cfg and name in hints and name not in seen:
                if cfg[name] is not parameter.default:
                    loose = base.__module__.startswith(LOOSE)
                    yield name, cfg[name], hints[name], loose
            seen.add(name)


def _find(name: Any) -> Callable:
    """The class that a registry has under a name; else ``object``."""
    if inspect.isclass(name):
        return name
    if not isinstance(name, str) or not re.fullmatch(r'(\w+\.)*\w+', name):
        return object
    from mmengine.registry import Registry
    from mmpose import registry

    found = (
        one.get(name)
        for one in vars(registry).values()
        if isinstance(one, Registry)
    )
    return next(filter(None, found), object)


def fits(value: Any, annotation: Any, loose: bool = False) -> bool:
    """Whether a value of a config is of a type; True for types unknown here.

    A config writes a tuple as a list, too; True is not a number. For
    ``loose`` see ``LOOSE``.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    again = partial(fits, loose=loose)
    if origin in UNIONS:
        return any(again(value, one) for one in inner)
    if annotation is int and loose and isinstance(value, float):
        return value == float('inf') or value.is_integer()
    if annotation in KINDS:
        kind = KINDS[annotation][1]
        return isinstance(value, kind) and (
            annotation is bool or not isinstance(value, bool)
        )
    if origin in LISTS or annotation in LISTS:
        if loose and isinstance(value, str):
            return inner[:1] == (str,)
        if not isinstance(value, (list, tuple, range, np.ndarray)):
            return False
        if origin is tuple and inner and inner[-1] is not Ellipsis:
            return len(value) == len(inner) and all(map(again, value, inner))
        return all(again(one, kind) for one in value for kind in inner[:1])
    if isinstance(origin, type) and issubclass(origin, Mapping) and inner:
        return isinstance(value, Mapping) and all(
            again(key, inner[0]) and again(one, inner[1])
            for key, one in value.items()
        )
    if isinstance(annotation, type) and annotation is not Any:
        return isinstance(value, annotation)
    return True


def describe(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in UNIONS:
        return ' or '.join(dict.fromkeys(map(describe, inner)))
    if isinstance(annotation, type) and annotation not in (tuple, list):
        if issubclass(annotation, dict):  # mmengine's ConfigDict, too
            annotation = dict
        return KINDS.get(annotation, [annotation.__name__])[0]
    if origin is tuple and inner and inner[-1] is not Ellipsis:
        return f'a list of {len(inner)}, each {describe(inner[0])}'
    if isinstance(origin, type) and issubclass(origin, Mapping) and inner:
        return f'a dict, each {describe(inner[1])}'
    if origin in LISTS or annotation in LISTS:
        return 'a list' + (f', each {describe(inner[0])}' if inner else '')
    return str(annotation).replace('typing.', '')
