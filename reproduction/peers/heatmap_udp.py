# Heat map, UDP (Huang et al., 2020): crops and codec without the bias
_base_ = ['./heatmap_msra.py']
from integral_mmpose.config import edit, with_codec

codec = dict(_base_.codec, type='UDPHeatmap')
crop = dict(type='TopdownAffine', input_size=(128, 128), use_udp=True)
train_pipeline = edit(
    with_codec(_base_.train_pipeline, codec),
    IntegralReadImage=dict(type='LoadImageChecked'),
    ReadCrop=crop,
)
val_pipeline = edit(_base_.val_pipeline, TopdownAffine=crop)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(decoder=codec))
