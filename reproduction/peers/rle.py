# RLE (Li et al., 2021): pooled features, no deconvolutions
_base_ = ['./base.py']
from integral_mmpose.config import with_codec

codec = dict(type='RegressionLabel', input_size=(128, 128))
train_pipeline = with_codec(_base_.train_pipeline, codec)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='RLEHead',
        in_channels=1280,
        num_joints=16,
        loss=dict(type='RLELoss', use_target_weight=True),
        decoder=codec,
    ),
)
