# Strategy 2 at 128 px: half Human3.6M, half MPII in every batch
_base_ = ['./h36m_mpii_256x256.py']
from integral_mmpose.config import with_codec

codec = dict(_base_.codec, input_size=(128, 128))

train_pipeline = with_codec(_base_.train_pipeline, codec)
val_pipeline = with_codec(_base_.val_pipeline, codec)

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
