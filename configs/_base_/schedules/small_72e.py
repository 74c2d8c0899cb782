# 72 epochs, x 0.1 at epochs 48 and 64
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=72, val_interval=12)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=72, milestones=[48, 64])
