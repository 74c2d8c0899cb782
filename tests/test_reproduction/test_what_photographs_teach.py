"""The control without photographs differs in its data alone."""

from mmengine.config import Config

from reproduction.rows import ROOT


def test_control_has_the_same_network_steps_and_test():
    with_them, without = (
        Config.fromfile(ROOT / 'reproduction/photographs' / f'{name}.py')
        for name in ('with_them', 'without_them')
    )
    loader, control = (
        cfg.pop('train_dataloader') for cfg in (with_them, without)
    )
    assert with_them.to_dict() == without.to_dict()
    assert loader.batch_sampler.pop('shares') == [8, 6, 1, 1]
    assert control.batch_sampler.pop('shares') == [1]
    frames, *others = loader.dataset.pop('datasets')
    assert control.dataset.pop('datasets') == [frames] and others
    assert loader.to_dict() == control.to_dict()
    (schedule,) = (
        one
        for one in with_them.param_scheduler
        if one.type == 'CosineAnnealingLR'
    )
    assert with_them.train_cfg.max_epochs == schedule.end == schedule.T_max
