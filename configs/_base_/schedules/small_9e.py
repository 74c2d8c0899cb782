# Two cores without a GPU: 9 epochs, x 0.1 at epochs 6 and 8; no loader workers
# (export OMP_WAIT_POLICY=PASSIVE). The scales lay their numbers over it.
_base_ = ['../default_runtime.py']

train_cfg = dict(by_epoch=True, max_epochs=9, val_interval=3)
optim_wrapper = dict(
    optimizer=dict(type='IntegralFusedAdam', lr=1e-3),
    clip_grad=dict(max_norm=10.0, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=50, start_factor=0.01, by_epoch=False),
    dict(
        type='MultiStepLR',
        begin=0,
        end=9,
        milestones=[6, 8],
        gamma=0.1,
        by_epoch=True,
    ),
]
auto_scale_lr = dict(base_batch_size=32)  # the batch that 1e-3 is for
