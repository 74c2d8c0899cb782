# 4 epochs, x 0.1 at epoch 3
_base_ = ['./small_30e.py']

train_cfg = dict(max_epochs=4, val_interval=4)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=4, milestones=[3])
