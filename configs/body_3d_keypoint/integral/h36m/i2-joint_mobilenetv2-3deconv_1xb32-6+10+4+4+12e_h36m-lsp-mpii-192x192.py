# Fifth stage of the bundled model. It starts from the stage before, trained
# twice: the second time from its own epoch_4.pth, into the work directory
# below. The joint loss is that of the window that is read, as wide as 8 bins
# of depth allow; LSP, whose labels are clean, has 5 of 16 parts instead of 2;
# the early layers are kept
_base_ = [
    './i2-joint_mobilenetv2-3deconv_1xb32-6+10+4e_h36m-lsp-mpii-192x192.py'
]
from integral_mmpose.config import edit

load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6+10+4+4e_h36m-lsp-mpii-'
    '192x192/epoch_4.pth'
)
model = dict(
    backbone=dict(frozen_stages=3, norm_eval=True),
    head=dict(
        joint_loss=dict(
            _delete_=True, type='LocalJointL1Loss', radius=3, temperature=1.0
        ),
        readout='local_integral',
        window=dict(radius=3),
    ),
)
train_dataloader = dict(batch_sampler=dict(shares=[4, 6, 5, 1]))
train_cfg = dict(max_epochs=12)
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=12, T_max=12)
)
