# 120 epochs, x 0.1 at epochs 84 and 108
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=120, val_interval=20)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=120, milestones=[84, 108])
