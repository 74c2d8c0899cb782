# First stage of the model that ships, at 128 px: six epochs from the backbone
# that row H1 of reproduction/reproduce.py (--table 1 --data lsp) leaves, given
# as BACKBONE_CHECKPOINT
_base_ = ['./i2-joint_mobilenetv2-3deconv_1xb32-40e_h36m-lsp-mpii-192x192.py']
from integral_mmpose.config import (  # noqa: E402 (MMEngine's format)
    edit,
    with_codec,
)

codec = dict(_base_.codec, input_size=(128, 128))
train_pipeline = with_codec(_base_.train_pipeline, codec)
val_pipeline = with_codec(_base_.val_pipeline, codec)

model = dict(head=dict(depth=8, decoder=codec))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=6, val_interval=2)
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=6, T_max=6)
)
