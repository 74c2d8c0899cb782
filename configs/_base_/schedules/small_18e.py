# 18 epochs, x 0.1 at epochs 13 and 16
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=18, val_interval=2)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=18, milestones=[13, 16])
