"""Crash-safe checkpoints that resume exactly.

mmengine's CheckpointHook removes the oldest checkpoint before it writes the
new one, and writes in place: a kill in between leaves no usable checkpoint.
And a run that is killed between a checkpoint and the end of the validation
that follows it resumes without that validation: the best checkpoint, plateau
schedulers and early stopping then differ from a run that was not killed.
"""

import os
import os.path as osp
from bisect import bisect
from functools import partial
from typing import Optional

from mmengine.dist import all_reduce_params, is_distributed, is_main_process
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmpose.registry import HOOKS

from integral_mmpose.files import remove_leftovers

from .atomic_backend import ATOMIC
from .find_checkpoint import (
    is_of,
    note_checkpoint,
    on_main_process,
    refuse_to_overwrite,
    trains,
)
from .folder_lock import hold, holds, release
from .safe_load import require_readable


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook: write whole, then point to it, then clean.

    The arguments are those of ``CheckpointHook``. Remote folders (such as
    ``s3://``) are written as mmengine does it.

    Raises:
        TypeError: If there is an unknown argument. mmengine keeps it for
            ``Runner.save_checkpoint``, which takes none besides those.
        ValueError: If a number is not a whole one.
    """

    def __init__(self, *args, **kwargs):
        for name in ('interval', 'max_keep_ckpts', 'save_begin'):
            if not isinstance(kwargs.get(name, 0), int):
                raise ValueError(
                    f'{type(self).__name__}: {name} must be a whole number, '
                    f'got {kwargs[name]!r}'
                )
        if kwargs.get('interval') == 0:
            raise ValueError(
                f'{type(self).__name__}: interval=0 would save nothing until '
                'the end: give epochs (or iterations), or -1 for never'
            )
        super().__init__(*args, **kwargs)
        for name in self.args:
            raise TypeError(
                f'{type(self).__name__}.__init__() got an unexpected keyword '
                f'argument {name!r}'
            )
        self._validation_due = False
        self._resumed_validation_due = False
        self._noted_on_disk = False

    def before_run(self, runner) -> None:
        """Lock the work directory of a training.

        Raises:
            ValueError: If another process trains in it.
        """
        if trains(runner):
            on_main_process(partial(hold, runner.work_dir))

    def after_run(self, runner) -> None:
        """Let others train in the work directory."""
        for folder in {runner.work_dir, self.out_dir or runner.work_dir}:
            release(folder)

    def before_train(self, runner) -> None:
        """Clean up after a kill, and make up for a lost validation.

        Raises:
            ValueError: If the metainfo of the data could not be read back.
        """
        dataset = runner.train_dataloader.dataset
        require_readable(getattr(dataset, 'metainfo', None) or {})
        backend = get_file_backend(
            self.out_dir or runner.work_dir, backend_args=self.backend_args
        )
        if self.backend_args is None and isinstance(backend, LocalBackend):
            self.backend_args = dict(ATOMIC)
        super().before_train(runner)
        self._keep_to_own_folder(runner)
        if runner._resume:
            self.last_ckpt = runner.message_hub.get_info('last_ckpt')
        if isinstance(self.file_backend, LocalBackend):
            on_main_process(partial(self._reserve_out_dir, runner))
        if (
            self._resumed_validation_due
            and runner._resume
            and runner.val_loop is not None  # --no-validate
        ):
            kind = 'epoch' if self.by_epoch else 'iteration'
            runner.logger.info(
                'The resumed run was stopped before the validation of '
                f'{kind} {self._step(runner)}: it runs now.'
            )
            self._noted_on_disk = True
            self._validate_as_before(runner)

    def _validate_as_before(self, runner) -> None:
        """Run the validation under the number of the finished step."""
        hub = runner.message_hub
        steps = ['iter'] + ['epoch'] * self.by_epoch
        now = {name: hub.get_info(name) for name in steps}
        hub.update_info_dict({name: n - 1 for name, n in now.items()})
        runner.val_loop.run()
        hub.update_info_dict(now)

    def _reserve_out_dir(self, runner) -> None:
        """Runs of one name in two folders have one ``out_dir``."""
        if not holds(self.out_dir):  # not the work directory
            os.makedirs(self.out_dir, exist_ok=True)
            hold(self.out_dir)
            given = runner._load_from
            if not runner._resume or given and not is_of(given, self.out_dir):
                refuse_to_overwrite(self.out_dir)
        if holds(self.out_dir):
            remove_leftovers(self.out_dir)

    def _keep_to_own_folder(self, runner) -> None:
        """The best checkpoint of a copied run is no longer the original's."""

        def own(path):
            name = osp.basename(str(path))
            return self.file_backend.join_path(self.out_dir, name)

        for key, path in list(runner.message_hub.runtime_info.items()):
            if path and key.startswith(('best_ckpt', 'last_ckpt')):
                runner.message_hub.update_info(key, own(path))
        if getattr(self, 'best_ckpt_path', None):
            self.best_ckpt_path = own(self.best_ckpt_path)
        paths = getattr(self, 'best_ckpt_path_dict', {})
        paths.update({key: own(path) for key, path in paths.items() if path})

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Note whether a validation follows this checkpoint."""
        checkpoint['meta']['validation_due'] = self._validation_due

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Read whether a validation should have followed."""
        meta = checkpoint.get('meta') or {}
        self._resumed_validation_due = bool(meta.get('validation_due', False))

    def after_train_epoch(self, runner) -> None:
        """Save the checkpoint of the epoch."""
        if self.by_epoch:
            self._validation_due = self._validation_follows(runner)
        super().after_train_epoch(runner)

    def after_train_iter(self, runner, *args, **kwargs) -> None:
        """Save the checkpoint of the iteration."""
        if not self.by_epoch:
            self._validation_due = self._validation_follows(runner)
        super().after_train_iter(runner, *args, **kwargs)

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        """Save the best checkpoint, and the epoch's one without the note."""
        self._validation_due = False
        wanted = set(getattr(self, 'key_indicators', [])) - {'auto'}
        unknown = sorted(wanted.difference(metrics or wanted))
        if unknown:
            raise ValueError(
                f'{type(self).__name__}: save_best={unknown[0]!r} is none of '
                f'the metrics {list(metrics or {})}'
            )
        super().after_val_epoch(runner, metrics or {})
        # Plateau schedulers have seen the metrics: this hook comes late.
        newest, step = osp.basename(str(self.last_ckpt)), self._step(runner)
        if self._noted_on_disk and newest == self.filename_tmpl.format(step):
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, step, meta)

    def _step(self, runner) -> int:
        """What checkpoints are named after: epochs or iterations."""
        return runner.epoch if self.by_epoch else runner.iter

    def _validation_follows(self, runner) -> bool:
        """The condition in ``run`` of both loops, a step before."""
        loop = runner.train_loop
        loops = EpochBasedTrainLoop if self.by_epoch else IterBasedTrainLoop
        if runner.val_loop is None or not isinstance(loop, loops):
            return False
        step = self._step(runner) + 1
        end = loop.max_epochs if self.by_epoch else loop.max_iters
        period = bisect(loop.dynamic_milestones, step + 1) - 1
        interval = loop.dynamic_intervals[period]
        return step >= loop.val_begin and (step % interval == 0 or step == end)

    def _save_checkpoint_with_step(self, runner, step, meta) -> None:
        """Write, then ``last_checkpoint``, then remove the oldest.

        The checkpoint lists the outdated ones, too: ``before_train`` of a run
        that was killed before they were removed does it.
        """
        if is_distributed():
            # A resumed run has these statistics of batch norms on all
            # processes. mmengine averages them at the end of an epoch only.
            all_reduce_params(runner.model.buffers(), op='mean')
        outdated = self._mark_kept(runner, step)
        name = self.filename_tmpl.format(step)
        path = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', path)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
        )
        self.last_ckpt, self._noted_on_disk = path, self._validation_due
        if outdated:
            runner.message_hub.update_info(
                'keep_ckpt_ids', list(self.keep_ckpt_ids)
            )
        if not is_main_process():
            return
        note_checkpoint(runner.work_dir, path)
        for old in outdated:
            old_path = self.file_backend.join_path(
                self.out_dir, self.filename_tmpl.format(old)
            )
            if self.file_backend.isfile(old_path):
                self.file_backend.remove(old_path)

    def _mark_kept(self, runner, step: int) -> list:
        """Add a step to those that are kept; returns those to remove."""
        if self.max_keep_ckpts <= 0:
            return []
        kept = [old for old in self.keep_ckpt_ids if old != step] + [step]
        outdated = kept[: -self.max_keep_ckpts]
        self.keep_ckpt_ids.clear()
        self.keep_ckpt_ids.extend(kept[-self.max_keep_ckpts :])
        runner.message_hub.update_info('keep_ckpt_ids', kept)
        return outdated
