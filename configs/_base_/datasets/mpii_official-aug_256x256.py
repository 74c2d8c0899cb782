# MPII with the augmentation of the paper's public code, which differs from
# the paper's text: normal distributions, rotation to 60 degrees in 6 of 10
# samples, colour, no translation
_base_ = ['./mpii_256x256.py']

train_pipeline = _base_.train_pipeline
train_pipeline[4] = dict(type='OfficialBBoxTransform')
train_pipeline.insert(6, dict(type='RandomChannelScale'))

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
