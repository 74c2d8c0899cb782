# What photographs teach: three epochs with them, from ImageNet. The control
# without them is i2-joint_mobilenetv2-3deconv_1xb32-3e_h36m-128x128.py
_base_ = ['./i2-joint_mobilenetv2-3deconv_1xb32-6e_h36m-lsp-mpii-128x128.py']
from integral_mmpose.config import edit  # noqa: E402 (MMEngine's format)

train_cfg = dict(max_epochs=3, val_interval=1)
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=3, T_max=3)
)
