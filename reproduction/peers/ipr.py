# IPR as MMPose's zoo has it: smooth L1 and a heat map loss
_base_ = ['./base.py']
from integral_mmpose.config import with_codec

codec = dict(
    type='IntegralRegressionLabel',
    input_size=(128, 128),
    heatmap_size=(16, 16),
    sigma=1.0,
    normalize=True,
)
train_pipeline = with_codec(_base_.train_pipeline, codec)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    head=dict(
        type='DSNTHead',
        in_channels=1280,
        in_featuremap_size=(4, 4),
        num_joints=16,
        **_base_.deconvolutions,
        loss=dict(
            type='MultipleLossWrapper',
            losses=[
                dict(type='SmoothL1Loss', use_target_weight=True),
                dict(type='KeypointMSELoss', use_target_weight=True),
            ],
        ),
        decoder=codec,
    )
)
