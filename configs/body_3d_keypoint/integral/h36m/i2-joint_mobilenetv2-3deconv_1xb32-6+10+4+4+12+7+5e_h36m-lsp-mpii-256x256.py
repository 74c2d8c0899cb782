# The bundled model: last stage, 256 px, a volume of 64 x 64 x 8
_base_ = [
    './i2-joint_mobilenetv2-3deconv_1xb32-6+10+4+4+12+7e_h36m-lsp-mpii-192x192.py'
]
from integral_mmpose.config import edit, with_codec

codec = dict(_base_.codec, input_size=(256, 256))
train_pipeline = with_codec(_base_.train_pipeline, codec)
val_pipeline = with_codec(_base_.val_pipeline, codec)

load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6+10+4+4+12+7e_h36m-lsp-'
    'mpii-192x192/epoch_7.pth'
)
model = dict(head=dict(decoder=codec))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=5)
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=5, T_max=5)
)
