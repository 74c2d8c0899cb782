# 8 epochs, x 0.1 at epochs 5 and 7
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=8, val_interval=4)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=8, milestones=[5, 7])
