# A smoke run of a minute: as small.py, with an epoch of a few batches.
_base_ = ['./small.py']

tiny = dict(
    schedules=dict(
        first=dict(max_epochs=1, val_interval=1, milestones=[1]),
        second=dict(max_epochs=1, val_interval=1, milestones=[1]),
        scratch=dict(max_epochs=2, val_interval=1, milestones=[2]),
    ),
    synthetic=(1, 1, 1, (64, 32), (12, 6)),
    train_batches=2,
    val_images=32,
)
settings = {
    name: dict(setting, **tiny) for name, setting in _base_.settings.items()
}
