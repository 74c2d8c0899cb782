# The paper's words: 1e-3, and 1e-5 once the validation set saturates (10
# epochs without a better AUC). The other schedules have its public code's
# fixed steps, so that an H row and its I row train for the same time.
_base_ = ['./adam_70e.py']

train_cfg = dict(max_epochs=140, val_interval=1)
param_scheduler = [
    *(s for s in _base_.param_scheduler if s['type'] == 'LinearLR'),
    dict(
        type='ReduceOnPlateauLR',
        monitor='pckh/AUC',
        rule='greater',
        factor=0.01,
        patience=10,
        min_value=1e-5,
    ),
]
