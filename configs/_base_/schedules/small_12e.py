# 12 epochs, x 0.1 at epochs 9 and 11
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=12, val_interval=2)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=12, milestones=[9, 11])
