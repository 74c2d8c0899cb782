# 45 epochs, x 0.1 at epochs 31 and 40
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=45)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=45, milestones=[31, 40])
