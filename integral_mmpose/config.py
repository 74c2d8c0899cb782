"""Edit the lists of a config by type: pipelines, hooks, schedulers, sources.

MMEngine merges dicts, but replaces lists as a whole, and ``--cfg-options``
reaches into a list by its index only. A child config of a few lines edits a
list of its base instead::

    _base_ = ['i1_res50_4xb32-70+70e_mpii-256x256.py']
    from integral_mmpose.config import edit
    custom_hooks = edit(
        _base_.custom_hooks,
        CheckCheckpointHook=dict(allow=['head.final_layer']),
    )

The import stands below ``_base_``: MMEngine takes a config whose first
statement is an import for one of its other format (``read_base``).
"""

import os
import sys
from copy import deepcopy
from typing import TYPE_CHECKING, Optional, Sequence

if TYPE_CHECKING:
    from mmengine.config import Config


def read_config(path: str) -> 'Config':
    """Read a config file.

    The modules of its ``custom_imports`` may lie in the working directory.
    Python finds them there for ``python -m``, but not for a tool.
    """
    from mmengine.config import Config  # not for the configs themselves

    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return Config.fromfile(path)


def find(steps: Sequence[dict], kind: str) -> dict:
    """The one entry of a list that has a type.

    Raises:
        ValueError: If none or several have it; lists the types there are.

    Example:
        >>> find([dict(type='A', x=1), dict(type='B')], 'A')
        {'type': 'A', 'x': 1}
    """
    found = [step for step in steps if step['type'] == kind]
    if len(found) != 1:
        types = ', '.join(step['type'] for step in steps)
        raise ValueError(
            f'{len(found)} entries have the type {kind}, expected 1; the list '
            f'has {types or "no entries"}'
        )
    return found[0]


def edit(steps: Sequence[dict], **changes: Optional[dict]) -> list:
    """A copy of a list with changed entries.

    Args:
        steps (Sequence[dict]): The list, as a base config has it.
        changes (dict, optional): The type of an entry -> the arguments to
            set. Arguments with another ``type`` replace the entry; ``None``
            removes it.

    Raises:
        ValueError: If the list does not have a type exactly once.

    Example:
        >>> steps = [dict(type='A', x=1, y=2), dict(type='B'), dict(type='C')]
        >>> edit(steps, A=dict(x=3), B=None, C=dict(type='D'))
        [{'type': 'A', 'x': 3, 'y': 2}, {'type': 'D'}]
    """
    steps = deepcopy(list(steps))
    for kind, arguments in changes.items():
        step = find(steps, kind)
        if arguments is None:
            steps.remove(step)
            continue
        if arguments.get('type', kind) != kind:
            step.clear()
        step.update(deepcopy(arguments))
    return steps


def insert_after(steps: Sequence[dict], kind: str, step: dict) -> list:
    """A copy of a list with one more entry, behind the one of a type.

    Raises:
        ValueError: If the list does not have the type exactly once.

    Example:
        >>> insert_after([dict(type='A'), dict(type='C')], 'A', dict(type='B'))
        [{'type': 'A'}, {'type': 'B'}, {'type': 'C'}]
    """
    place = [each is find(steps, kind) for each in steps].index(True)
    return deepcopy([*steps[: place + 1], step, *steps[place + 1 :]])


def with_codec(pipeline: Sequence[dict], codec: dict) -> list:
    """A copy of a pipeline whose crops and targets follow a codec.

    A child's ``codec`` does not reach what its bases have resolved already.

    Example:
        >>> crop = dict(type='TopdownAffine', input_size=(256, 256))
        >>> with_codec([crop], dict(input_size=(64, 64)))
        [{'type': 'TopdownAffine', 'input_size': (64, 64)}]
    """
    pipeline = deepcopy(list(pipeline))
    for step in pipeline:
        if 'input_size' in step:
            step['input_size'] = codec['input_size']
        if 'encoder' in step:
            step['encoder'] = deepcopy(codec)
    return pipeline
