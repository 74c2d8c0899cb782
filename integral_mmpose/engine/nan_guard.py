"""A loss that is not a number stops the training and names its images.

So do weights that are not finite, which are not saved, and a training without
an iteration, which would save untrained weights or end as if it had trained.
"""

from typing import List, Optional

import torch
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmpose.registry import HOOKS

from .codec_check import check_encoders

_SHOWN = 8


@HOOKS.register_module()
class NaNGuardHook(Hook):
    """Stop at the first loss that is not finite, or if there would be none.

    mmdet's CheckInvalidLossHook looks every 50 iterations and says "loss
    become infinite or NaN!"; by then the checkpoints may be spoiled. Looking
    at every iteration costs nothing extra, since mmengine's logger copies
    each loss to the host anyway. The hook runs before the checkpoint hook, so
    no checkpoint holds the weights of the failed step.
    """

    # Before RuntimeInfoHook (VERY_HIGH) and every hook that saves.
    priority = 'HIGHEST'

    def before_train(self, runner) -> None:
        """Check that there is an iteration, with labels, that changes weights.

        Raises:
            ValueError: If the labels are those of another codec (see
                :func:`check_encoders`) or fewer than a batch; if
                ``max_epochs``, ``max_iters`` or ``val_interval`` is below 1;
                if gradients are clipped to nothing.
        """
        check_encoders(runner.cfg)
        loader = runner.train_dataloader
        if len(loader) == 0:
            raise ValueError(
                f'{len(loader.dataset)} training samples give no whole batch '
                'on every process, so nothing would be trained: lower '
                'train_dataloader.batch_size (or set its drop_last=False)'
            )
        if runner.max_iters < 1:
            raise ValueError(
                f'train_cfg asks for {runner.max_epochs} epochs and '
                f'{runner.max_iters} iterations: nothing would be trained'
            )
        interval = getattr(runner.train_loop, 'val_interval', 1)
        if runner.val_loop is not None and interval < 1:
            raise ValueError(
                f'train_cfg.val_interval is {interval}: it must be at least '
                '1. --no-validate trains without a validation'
            )
        _require_positive_clip(runner.optim_wrapper)

    def after_train_iter(
        self,
        runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[dict] = None,
    ) -> None:
        """Look at the losses of an iteration.

        Raises:
            FloatingPointError: Names iteration, losses and image files; or
                the norm of the gradient.
        """
        bad = [
            f'{name}={_number(value):g}'
            for name, value in (outputs or {}).items()
            if 'loss' in name and not _is_finite(value)
        ]
        if bad:
            images = image_paths(data_batch)
            listed = ', '.join(images[:_SHOWN]) or 'unknown'
            more = len(images) - _SHOWN
            raise FloatingPointError(
                f'iteration {runner.iter + 1} (epoch {runner.epoch + 1}): '
                f'{", ".join(bad)}. Images of the batch: {listed}'
                f'{f" and {more} more" if more > 0 else ""}. Check their '
                'annotations, lower the learning rate, or set '
                'optim_wrapper.clip_grad; the last checkpoint is not affected.'
            )

        self._check_gradient(runner)

    def _check_gradient(self, runner) -> None:
        """An infinite norm is clipped to 0: nothing would be learned."""
        if isinstance(runner.optim_wrapper, AmpOptimWrapper):
            return  # it skips such a step, and lowers its scale
        norms = runner.message_hub.log_scalars.get('train/grad_norm')
        if norms is not None and not _is_finite(norms.current()):
            raise FloatingPointError(
                f'iteration {runner.iter + 1} (epoch {runner.epoch + 1}): the '
                f'norm of the gradient is {norms.current():g}. Lower the '
                'weights of the losses or the learning rate; the last '
                'checkpoint is not affected.'
            )

    def after_train_epoch(self, runner) -> None:
        """See :meth:`before_save_checkpoint`; on every process."""
        _require_finite(runner.model.state_dict(), runner.iter)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """A gradient that is not finite spoils weights before any loss.

        Raises:
            FloatingPointError: Names iteration and weight.
        """
        _require_finite(checkpoint['state_dict'], runner.iter)


def _require_positive_clip(optim_wrapper) -> None:
    clip = getattr(optim_wrapper, 'clip_grad_kwargs', None)
    for name in ('max_norm', 'clip_value'):
        value = (clip or {}).get(name, 1)
        if not value > 0:
            raise ValueError(
                f'optim_wrapper.clip_grad.{name} is {value}: gradients would '
                'be zero or reversed, and the model would not learn. It must '
                'be positive; clip_grad=None clips nothing'
            )


def _require_finite(weights: dict, iteration: int) -> None:
    for name, weight in weights.items():
        if not _is_finite(weight):
            raise FloatingPointError(
                f'iteration {iteration}: the weight {name} is not finite, and '
                'no checkpoint was written. Lower the learning rate, or set '
                'optim_wrapper.clip_grad; the last checkpoint is not affected.'
            )


def image_paths(data_batch: Optional[dict]) -> List[str]:
    """The image files of a batch, as far as its samples name them."""
    batch = data_batch if isinstance(data_batch, dict) else {}
    return [
        str(sample.get('img_path'))
        for sample in batch.get('data_samples', [])
        if hasattr(sample, 'get') and sample.get('img_path') is not None
    ]


def _number(value) -> float:
    return float(torch.as_tensor(value).detach().sum())


def _is_finite(value) -> bool:
    return bool(torch.as_tensor(value).isfinite().all())
