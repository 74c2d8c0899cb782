# MPII with the augmentation of the paper's public code, which differs from
# the paper's text: normal distributions, rotation to 60 degrees in 6 of 10
# samples, colour, no translation
_base_ = ['./mpii_256x256.py']

train_pipeline = [
    new
    for step in _base_.train_pipeline
    for new in {
        'UniformBBoxTransform': [dict(type='OfficialBBoxTransform')],
        'ReadCrop': [step, dict(type='RandomChannelScale')],
    }.get(step['type'], [step])
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
