# 24 epochs, x 0.1 at epochs 16 and 21
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=24, val_interval=12)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=24, milestones=[16, 21])
