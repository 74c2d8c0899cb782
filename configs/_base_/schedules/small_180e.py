# 180 epochs, x 0.1 at epochs 124 and 160
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=180, val_interval=20)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=180, milestones=[124, 160])
