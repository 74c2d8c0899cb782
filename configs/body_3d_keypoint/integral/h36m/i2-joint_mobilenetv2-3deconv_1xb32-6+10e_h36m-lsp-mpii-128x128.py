# Second stage of the bundled model: 22 photographs in a batch of 32 (18 of
# LSP and LSPET, 4 of LSP alone), 8 frames of Human3.6M, 2 of MPII
_base_ = ['./i2-joint_mobilenetv2-3deconv_1xb32-6e_h36m-lsp-mpii-128x128.py']
from integral_mmpose.config import edit

load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6e_h36m-lsp-mpii-128x128/'
    'epoch_6.pth'
)
model = dict(backbone=dict(init_cfg=None))  # load_from has it
train_dataloader = dict(
    batch_sampler=dict(shares=[4, 9, 2, 1], num_batches=400)
)
train_cfg = dict(max_epochs=10)
param_scheduler = edit(
    _base_.param_scheduler,
    CosineAnnealingLR=dict(end=10, T_max=10, eta_min=1e-4),
)
