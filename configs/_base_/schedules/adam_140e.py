# 140 epochs, x 0.1 at epochs 90 and 120
_base_ = ['./adam_70e.py']

train_cfg = dict(max_epochs=140)
param_scheduler = _base_.param_scheduler
[
    scheduler.update(end=140, milestones=[90, 120])
    for scheduler in param_scheduler
    if scheduler['type'] == 'MultiStepLR'
]
