# 9 epochs, x 0.1 at epochs 6 and 8
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=9, val_interval=3)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=9, milestones=[6, 8])
