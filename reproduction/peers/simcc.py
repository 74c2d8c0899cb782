# SimCC (Li et al., 2022): two bins a pixel, sigma as MMPose's by the size
_base_ = ['./base.py']
from integral_mmpose.config import with_codec

codec = dict(
    type='SimCCLabel', input_size=(128, 128), sigma=4.0, simcc_split_ratio=2.0
)
train_pipeline = with_codec(_base_.train_pipeline, codec)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    head=dict(
        type='SimCCHead',
        in_channels=1280,
        out_channels=16,
        input_size=codec['input_size'],
        in_featuremap_size=(4, 4),
        simcc_split_ratio=2.0,
        **_base_.deconvolutions,
        loss=dict(type='KLDiscretLoss', use_target_weight=True),
        decoder=codec,
    )
)
