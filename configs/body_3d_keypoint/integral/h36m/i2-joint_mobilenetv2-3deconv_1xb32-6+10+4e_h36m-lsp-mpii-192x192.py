# Third stage of the model that ships: 192 px, a volume of 48 x 48 x 8
_base_ = ['./i2-joint_mobilenetv2-3deconv_1xb32-40e_h36m-lsp-mpii-192x192.py']
from integral_mmpose.config import edit  # noqa: E402 (MMEngine's format)

load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6+10e_h36m-lsp-mpii-128x128/'
    'epoch_10.pth'
)
model = dict(head=dict(depth=8))
train_dataloader = dict(
    batch_sampler=dict(shares=[4, 9, 2, 1], num_batches=400)
)
train_cfg = dict(max_epochs=4, val_interval=2)
optim_wrapper = dict(optimizer=dict(lr=4e-4))
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=4, T_max=4)
)
