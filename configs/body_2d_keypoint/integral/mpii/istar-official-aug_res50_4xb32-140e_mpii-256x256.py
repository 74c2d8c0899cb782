# I* with the augmentation of the paper's public code, which differs from the
# paper's text: normal distributions, rotation to 60 degrees in 6 of 10
# samples, colour, no translation
_base_ = ['./istar_res50_4xb32-140e_mpii-256x256.py']
from integral_mmpose.config import edit, insert_after

train_pipeline = edit(
    _base_.train_pipeline,
    UniformBBoxTransform=dict(type='OfficialBBoxTransform'),
)
train_pipeline = insert_after(
    train_pipeline, 'ReadCrop', dict(type='RandomChannelScale')
)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
