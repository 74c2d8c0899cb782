# Human3.6M at 64 px
_base_ = ['./h36m_256x256.py']

codec = dict(
    type='IntegralLabel',
    input_size=(64, 64),
    depth_range_mm=2000.0,
    depth_unit='crop',
)

train_pipeline = _base_.train_pipeline
val_pipeline = _base_.val_pipeline
train_pipeline[5].update(input_size=codec['input_size'])
train_pipeline[6].update(encoder=codec)
val_pipeline[2].update(input_size=codec['input_size'])

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
