# I* with the paper's own words for the learning rate: 1e-3, and 1e-5 once the
# validation set saturates (10 epochs without a better AUC). The other rows
# have the fixed steps of its public code, so that an H row and its I row train
# for the same time.
_base_ = ['./istar_res50_4xb32-140e_mpii-256x256.py']
from integral_mmpose.config import edit

train_cfg = dict(val_interval=1)
param_scheduler = edit(
    _base_.param_scheduler,
    MultiStepLR=dict(
        type='ReduceOnPlateauLR',
        monitor='pckh/AUC',
        rule='greater',
        factor=0.01,
        patience=10,
        min_value=1e-5,
    ),
)
