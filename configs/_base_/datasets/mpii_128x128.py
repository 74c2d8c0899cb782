# MPII at 128 px
_base_ = ['./mpii_256x256.py']

codec = dict(type='IntegralLabel', input_size=(128, 128))

train_pipeline = _base_.train_pipeline
val_pipeline = _base_.val_pipeline
[
    step.update(input_size=codec['input_size'])
    for step in train_pipeline + val_pipeline
    if step['type'] in ('TopdownAffine', 'ReadCrop')
]
[
    step.update(encoder=codec)
    for step in train_pipeline
    if step['type'] == 'GenerateTarget'
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
