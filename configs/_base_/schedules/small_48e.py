# 48 epochs, x 0.1 at epochs 32 and 43
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=48, val_interval=12)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=48, milestones=[32, 43])
