# 60 epochs, x 0.1 at epochs 40 and 52
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=60, val_interval=10)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=60, milestones=[40, 52])
