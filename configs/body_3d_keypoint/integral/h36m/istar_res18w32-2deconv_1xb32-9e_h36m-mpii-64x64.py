# make demo: I*, Strategy 2 at 64 px, nine epochs. ResNet-18 of half the
# width, from scratch, setting (b), two deconvolutions (64 -> 2 -> 8), a volume
# of 8 x 8 x 8 bins. Its last bin ends at 7/8 of the crop.
_base_ = [
    '../../../_base_/schedules/small_9e.py',
    '../../../_base_/datasets/h36m_mpii_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]
from integral_mmpose.config import with_codec

codec = dict(_base_.codec, input_size=(64, 64))
train_pipeline = with_codec(_base_.train_pipeline, codec)
val_pipeline = with_codec(_base_.val_pipeline, codec)

model = dict(
    backbone=dict(depth=18, base_channels=32, init_cfg=None),
    head=dict(
        in_channels=256, depth=8, deconv_out_channels=(128, 128), decoder=codec
    ),
)
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=val_pipeline),
)
test_dataloader = val_dataloader
