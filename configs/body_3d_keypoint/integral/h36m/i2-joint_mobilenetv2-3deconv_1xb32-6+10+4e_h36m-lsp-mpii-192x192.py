# Third stage of the bundled model: 192 px, a volume of 48 x 48 x 8
_base_ = ['./i2-joint_mobilenetv2-3deconv_1xb32-6e_h36m-lsp-mpii-128x128.py']
from integral_mmpose.config import edit, with_codec

codec = dict(_base_.codec, input_size=(192, 192))
train_pipeline = with_codec(_base_.train_pipeline, codec)
val_pipeline = with_codec(_base_.val_pipeline, codec)

load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6+10e_h36m-lsp-mpii-128x128/'
    'epoch_10.pth'
)
model = dict(backbone=dict(init_cfg=None), head=dict(decoder=codec))
train_dataloader = dict(
    batch_sampler=dict(shares=[4, 9, 2, 1], num_batches=400),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=4)
optim_wrapper = dict(optimizer=dict(lr=4e-4))
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=4, T_max=4)
)
