# One epoch of a smoke run: shows that it runs, trains nothing
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=1, val_interval=1)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=1, milestones=[1])
