"""A warm-up that outlasts the training is told."""

import pytest

HOOKS = dict(resume=dict(type='ResumeHook'))


def warm_up(end, by_epoch=False, **more):
    return dict(
        type='LinearLR', start_factor=0.1, by_epoch=by_epoch, end=end, **more
    )


@pytest.mark.parametrize(
    'scheduler, told',
    [
        (warm_up(500), 'until iteration 500, and the training has 8'),
        (warm_up(9), 'until iteration 9'),
        (warm_up(3, by_epoch=True), 'until epoch 3, and the training has 2'),
        (warm_up(8), None),
        (warm_up(2, by_epoch=True), None),
        # A decay may go on.
        (dict(type='LinearLR', start_factor=1, end_factor=0.1, end=9), None),
        (dict(type='MultiStepLR', milestones=[99]), None),
    ],
)
def test_a_warm_up_longer_than_the_training(
    make_runner, capfd, scheduler, told
):
    """Two epochs of four iterations."""
    runner = make_runner(
        param_scheduler=scheduler, default_hooks=HOOKS, log_level='WARNING'
    )
    runner.train()
    text = ''.join(capfd.readouterr())
    assert ('The learning rate rises' in text) == bool(told)
    assert not told or told in text
