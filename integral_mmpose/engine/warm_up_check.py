"""A warm-up of the learning rate that outlasts the training."""

from mmengine.optim.scheduler import LinearLR


def tell_long_warm_up(runner) -> None:
    """Warn: the model hardly learns, as with few images and 500 iterations."""
    schedulers = runner.param_schedulers or []
    if isinstance(schedulers, dict):
        schedulers = [s for group in schedulers.values() for s in group]
    for scheduler in schedulers:
        total = runner.max_epochs if scheduler.by_epoch else runner.max_iters
        rises = (
            isinstance(scheduler, LinearLR)
            and scheduler.start_factor < scheduler.end_factor
        )
        if rises and scheduler.end > total:
            unit = 'epochs' if scheduler.by_epoch else 'iterations'
            runner.logger.warning(
                f'The learning rate rises until {unit[:-1]} {scheduler.end}, '
                f'and the training has {total} {unit}: the rate stays low. '
                'Lower `end` of the LinearLR in param_scheduler, or train '
                'longer.'
            )
