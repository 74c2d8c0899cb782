"""A checkpoint of another model is an error, not a warning.

mmengine loads with ``strict=False``: the weights that do not fit stay random,
a warning scrolls by, and the evaluation prints numbers of a random network.
"""

import os.path as osp
import re
from typing import Sequence, Union

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmpose.registry import HOOKS

from .compare_weights import check_values, compare_weights, how_to_allow
from .find_checkpoint import trains
from .pretrained_check import check_pretrained
from .safe_load import require_file

_STAGE = re.compile(r'head\.stages\.(\d+)\.')


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
    check_values(model, weights, source)
    common = set(map(_part, model.state_dict())) & set(map(_part, weights))
    compare_all = not partial or not common

    def counts(name: str) -> bool:
        in_both = compare_all or _part(name) in common
        return in_both and not name.startswith(tuple(allow))

    difference = compare_weights(model, weights).only(counts)
    parts = difference.sentences()
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
        + (how_to_allow(difference.names(), allow) if partial else '')
    )


def _part(name: str) -> str:
    return name.split('.')[0]


def unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    """The model, out of MMEngine's wrapper for several processes."""
    return model.module if is_model_wrapper(model) else model


@HOOKS.register_module()
class CheckCheckpointHook(Hook):
    """Check every checkpoint that the runner loads.

    Testing and resuming need all weights. ``load_from`` of a training may
    name a pretrained part.

    Args:
        allow (str | Sequence[str]): Beginnings of the names of weights that
            ``load_from`` of a training, or the file of an ``init_cfg``, need
            not have, or may have in another shape: they start as the config
            initialises them.
    """

    def __init__(self, allow: Union[str, Sequence[str]] = ()) -> None:
        self.allow = [allow] if isinstance(allow, str) else list(allow)
        self._initialises = False

    # After EMAHook, which exchanges the weights of the checkpoint.
    priority = 'VERY_LOW'

    def before_run(self, runner) -> None:
        """Look for the checkpoint before weights are downloaded.

        Raises:
            FileNotFoundError: If ``load_from`` is a file that is missing.
        """
        source = runner._load_from
        if source and '://' not in source:
            require_file(osp.expanduser(source))
        model = unwrapped(runner.model)
        # A model that was built and trained before keeps its weights.
        self._initialises = not getattr(model, 'is_init', False)

    def before_train(self, runner) -> None:
        """See :func:`check_pretrained`, where nothing was loaded since."""
        if not (runner._resume and runner._has_loaded):
            self._check_pretrained(runner)

    def _check_pretrained(self, runner) -> None:
        """Once, after mmengine has initialised the model."""
        if self._initialises:
            check_pretrained(unwrapped(runner.model), self.allow)
        self._initialises = False

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """See :func:`check_weights`.

        Raises:
            ValueError: If the checkpoint is of another model.
        """
        model = unwrapped(runner.model)
        starts = trains(runner) and not runner._resume
        _tell_other_joints(runner, checkpoint)
        if starts:
            self._check_pretrained(runner)
        check_weights(
            model,
            checkpoint,
            source=runner._load_from or f'in {runner.work_dir}',
            partial=starts,
            allow=self.allow if starts else (),
        )


def _tell_other_joints(runner, checkpoint: dict) -> None:
    """Warn of as many joints with other names: each weight is of a joint."""
    loops = [runner._train_loop] if trains(runner) else []
    loops += [runner._test_loop, runner._val_loop]
    loaders = [getattr(loop, 'dataloader', None) for loop in loops]
    datasets = [loader.dataset for loader in loaders if loader is not None]
    if not datasets:
        return
    had = _joint_names((checkpoint.get('meta') or {}).get('dataset_meta'))
    has = _joint_names(getattr(datasets[0], 'metainfo', None))
    places = [i for i, pair in enumerate(zip(had, has)) if len(set(pair)) > 1]
    if len(had) == len(has) and places:
        first = places[0]
        runner.logger.warning(
            f'{runner._load_from}: {len(places)} of its {len(had)} joints '
            f'have another name in this data set, such as joint {first}: '
            f'{had[first]} there, {has[first]} here. Metrics go by the names '
            'of the data set. Is this the joint order that was trained?'
        )


def _joint_names(metainfo) -> list:
    names = isinstance(metainfo, dict) and metainfo.get('keypoint_id2name')
    return list(names.values()) if isinstance(names, dict) else []
