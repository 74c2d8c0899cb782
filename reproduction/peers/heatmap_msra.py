# Heat map, MSRA's codec (Xiao et al., 2018)
_base_ = ['./base.py']
from integral_mmpose.config import with_codec

codec = dict(
    type='MSRAHeatmap', input_size=(128, 128), heatmap_size=(16, 16), sigma=1
)
train_pipeline = with_codec(_base_.train_pipeline, codec)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    head=dict(
        type='HeatmapHead',
        in_channels=1280,
        out_channels=16,
        **_base_.deconvolutions,
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
        decoder=codec,
    )
)
