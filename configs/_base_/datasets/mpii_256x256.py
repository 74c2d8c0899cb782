# MPII, 0-based coordinates. MPII_ROOT switches to any data in its layout.
dataset_type = 'MpiiExactDataset'
data_mode = 'topdown'
data_root = '{{$MPII_ROOT:data/mpii}}'

codec = dict(type='IntegralLabel', input_size=(256, 256))

train_pipeline = [
    dict(type='SeedSample'),
    dict(type='IntegralReadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlipLabels', direction='horizontal'),
    dict(type='UniformBBoxTransform'),
    dict(type='ReadCrop', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImageChecked'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='IntegralSeededSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        split='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        split='val',
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='PCKhCurve')
test_evaluator = val_evaluator
