# Adam 1e-3, batch 128 (the paper: 4 GPUs x 32), x 0.1 at epochs 90 and 120.
# The paper drops "when the loss on the validation set saturates"; the steps
# are those of its public code. Warm-up and clipping: without them training
# at 1e-3 diverges for some users of that code.
_base_ = ['../default_runtime.py']

train_cfg = dict(by_epoch=True, max_epochs=140, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=1e-3),
    clip_grad=dict(max_norm=10.0, norm_type=2),
)
param_scheduler = [
    dict(
        type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False
    ),
    dict(
        type='MultiStepLR',
        begin=0,
        end=140,
        milestones=[90, 120],
        gamma=0.1,
        by_epoch=True,
    ),
]
auto_scale_lr = dict(base_batch_size=128)
