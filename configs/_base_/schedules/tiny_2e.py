# Two epochs of a smoke run
_base_ = ['./tiny_1e.py']

train_cfg = dict(max_epochs=2)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=2, milestones=[2])
