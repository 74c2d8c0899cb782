# 140 epochs, x 0.1 at epochs 90 and 120
_base_ = ['./adam_70e.py']
from integral_mmpose.config import edit

train_cfg = dict(max_epochs=140)
param_scheduler = edit(
    _base_.param_scheduler, MultiStepLR=dict(end=140, milestones=[90, 120])
)
