# 6 epochs, x 0.1 at epochs 4 and 5
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=6, val_interval=1)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=6, milestones=[4, 5])
