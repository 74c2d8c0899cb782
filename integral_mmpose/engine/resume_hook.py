"""A training starts or resumes as asked, or says why not.

mmengine resumes with the schedule, the learning rate and the seed of the
checkpoint, whatever the config says, and from epoch 1 if ``last_checkpoint``
is missing.
"""

import os.path as osp
import warnings
from functools import partial
from typing import Any, Dict, List, Optional

from mmengine.hooks import EarlyStoppingHook, Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS

from .find_checkpoint import (
    is_of,
    newest_loadable,
    note_checkpoint,
    on_main_process,
    refuse_to_overwrite,
    trains,
)
from .run_settings import differences, listing, settings_of
from .warm_up_check import tell_long_warm_up

_SCHEDULE = ('param_scheduler', 'optim_wrapper', 'auto_scale_lr')


@HOOKS.register_module()
class ResumeHook(Hook):
    """Find what to resume, and compare its settings with the run's.

    A training without ``resume`` does not start in a folder with checkpoints.

    Args:
        inexact (bool): Resume although settings differ: the new ones are
            used, and a warning lists them.
    """

    # After AtomicCheckpointHook, which locks the folder.
    priority = 'LOWEST'

    def __init__(self, inexact: bool = False) -> None:
        self.inexact = inexact

    def before_run(self, runner) -> None:
        """Find the newest checkpoint that loads.

        Raises:
            ValueError: If none loads, or if a new training would overwrite
                an earlier one's checkpoints.
        """
        if not trains(runner):
            return
        runner._load_from = on_main_process(partial(_start_from, runner))
        runner._resume = runner._resume and runner._load_from is not None

    def before_train(self, runner) -> None:
        """Point to what was resumed: a later ``--resume`` follows it.

        Warns of a warm-up that outlasts the training.
        """
        tell_long_warm_up(runner)
        folder, path = runner.work_dir, runner._load_from
        if runner._resume and is_of(path, folder) and '://' not in path:
            path = osp.abspath(osp.expanduser(path))
            on_main_process(partial(note_checkpoint, folder, path))

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add the settings of the run."""
        checkpoint['meta']['settings'] = settings_of(runner)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare the settings of the checkpoint with those of the run.

        Raises:
            ValueError: If they differ and ``inexact`` is off; lists them.
        """
        if not trains(runner) or not runner._resume:
            return
        self._require_state(runner, checkpoint)
        _replay_early_stopping(runner, checkpoint)
        old = checkpoint['meta'].get('settings')
        if old is None:
            runner.logger.warning(
                f'{runner._load_from} does not say how it was trained: '
                'whether this run continues it exactly is unknown.'
            )
            return
        new = settings_of(runner)
        if runner._randomness_cfg.get('seed') is None:
            new['seed'] = old['seed']  # the checkpoint's is used
        # An earlier version has not written every setting.
        changed = differences({**new, **old}, new)
        changed += _lost_gradients(checkpoint['meta']['iter'], new)
        changed = changed or _unfinished_epoch(runner, checkpoint['meta'])
        if not changed:
            return
        if not self.inexact:
            raise ValueError(
                f'{runner._load_from} was trained with other settings '
                f'(checkpoint -> this run):{listing(changed)}\nResume with '
                "the checkpoint's settings, or use the new ones from here "
                'on: --cfg-options default_hooks.resume.inexact=True'
            )
        runner.logger.warning(
            f'Inexact resume of {runner._load_from}; the new settings are '
            f'used from here on (checkpoint -> this run):{listing(changed)}'
        )
        use_new_settings(runner, checkpoint, old, new)

    def _require_state(self, runner, checkpoint: dict) -> None:
        """A best checkpoint has no optimizer: mmengine starts it anew."""
        needed = ['message_hub']
        if not self.inexact:
            needed += ['optimizer']
            needed += ['param_schedulers'] * bool(runner.param_schedulers)
        meta = checkpoint.get('meta') or {}
        missing = [name for name in ('epoch', 'iter') if name not in meta]
        missing += [name for name in needed if name not in checkpoint]
        if missing:
            raise ValueError(
                f'{runner._load_from} cannot be resumed, it has no '
                f'{", ".join(missing)}. Resume an epoch_*.pth, or start from '
                'its weights: load_from=, without --resume'
            )


def use_new_settings(
    runner, checkpoint: dict, old: Dict[str, Any], new: Dict[str, Any]
) -> None:
    """Change what mmengine is about to restore from ``checkpoint``.

    The moments of the optimizer stay if it is of the same type. A schedule
    that differs is run up to the epoch of the checkpoint; a plateau scheduler
    of such a schedule starts anew.
    """
    meta = checkpoint['meta']
    if old['seed'] != new['seed']:
        meta.pop('seed', None)
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        meta['iter'] = meta['epoch'] * len(runner.train_dataloader)
    convert = 'convert_to_iter_based' in str(new['param_scheduler'])
    if not convert and all(old[name] == new[name] for name in _SCHEDULE):
        return
    if isinstance(runner.param_schedulers, dict):
        raise ValueError(
            'an inexact resume of several optimizers is not supported'
        )
    _run_schedule(runner, meta['epoch'], meta['iter'])
    if runner.param_schedulers is not None:
        checkpoint['param_schedulers'] = [
            scheduler.state_dict() for scheduler in runner.param_schedulers
        ]
    was = checkpoint.get('optimizer')
    if was is None:
        return
    fresh = runner.optim_wrapper.state_dict()
    if not _same_moments(old, new, was, fresh):
        runner.logger.warning('The moments of the optimizer start anew.')
        del checkpoint['optimizer']
        return
    # Either run may have been without --amp, which has the scaler.
    common = {'state', 'loss_scaler'}.intersection(was, fresh)
    checkpoint['optimizer'] = {**fresh, **{key: was[key] for key in common}}


def _replay_early_stopping(runner, checkpoint: dict) -> None:
    """mmengine saves no counts of it, but every metric since the start."""
    scalars = checkpoint['message_hub'].get('log_scalars', {})
    for hook in runner.hooks:
        if not isinstance(hook, EarlyStoppingHook):
            continue
        history = scalars.get(f'val/{hook.monitor}', HistoryBuffer())
        for value in history.data[0].tolist():
            stop, _ = hook._check_stop_condition(value)
            runner.train_loop.stop_training |= stop


def _same_moments(old: dict, new: dict, was: dict, fresh: dict) -> bool:
    types = [
        settings['optim_wrapper']['optimizer'].get('type')
        for settings in (old, new)
    ]
    params = [
        [group['params'] for group in state['param_groups']]
        for state in (was, fresh)
    ]
    return types[0] == types[1] and params[0] == params[1]


def _run_schedule(runner, epochs: int, iterations: int) -> None:
    """Step the new schedulers as ParamSchedulerHook would have done."""
    schedulers = runner.param_schedulers or []
    by_iteration = [s for s in schedulers if not s.by_epoch]
    by_epoch = [s for s in schedulers if s.by_epoch]
    length = iterations // epochs if epochs else 0
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # no optimizer step between them
        for iteration in range(1, iterations + 1):
            for scheduler in by_iteration:
                scheduler.step()
            if length and iteration % length == 0:
                for scheduler in by_epoch:
                    scheduler.step()


def _lost_gradients(iteration: int, settings: Dict[str, Any]) -> List[str]:
    """Checkpoints do not hold partly accumulated gradients."""
    wrapper = settings['optim_wrapper'] or {}
    count = wrapper.get('accumulative_counts', 1)
    summed = iteration % count
    if not summed:
        return []
    return [
        f'gradients: {summed} of {count} batches (accumulative_counts) -> '
        'none. Epochs whose iterations it divides resume exactly'
    ]


def _unfinished_epoch(runner, meta: dict) -> List[str]:
    """mmengine begins an epoch anew, whatever was seen of it."""
    if not isinstance(runner.train_loop, EpochBasedTrainLoop):
        return []
    length = len(runner.train_dataloader)
    seen = meta['iter'] - meta['epoch'] * length
    if not seen:
        return []
    return [
        f'place: {seen} iterations of {length} in epoch {meta["epoch"] + 1} '
        '-> its start. Checkpoints at the end of an epoch resume exactly: '
        'by_epoch=True'
    ]


def _start_from(runner) -> Optional[str]:
    """The checkpoint to load, after a look into the work directory."""
    folder, given = runner.work_dir, runner._load_from
    if runner._resume and not given:
        return newest_loadable(folder, runner.logger.warning)
    if not runner._resume or not is_of(given, folder):
        refuse_to_overwrite(folder, given if runner._resume else None)
    return given
