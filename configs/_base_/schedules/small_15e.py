# 15 epochs, x 0.1 at epochs 10 and 13
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=15)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=15, milestones=[10, 13])
