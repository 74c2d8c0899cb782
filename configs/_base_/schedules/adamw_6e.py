# 6 epochs of AdamW 1e-3 for a batch of 32, cosine to 0 after a warm-up. The
# last checkpoint is the result: none is chosen on validation data.
_base_ = ['../default_runtime.py']

train_cfg = dict(by_epoch=True, max_epochs=6, val_interval=2)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01),
    clip_grad=dict(max_norm=10.0, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=200, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=6,
        T_max=6,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(checkpoint=dict(save_best=None))
