# Human3.6M, Protocol 2: train S1, 5, 6, 7, 8, test every 64th frame of S9, 11
# by MPJPE. H36M_ROOT switches to any data in its layout.
dataset_type = 'H36MImageDataset'
data_mode = 'topdown'
data_root = '{{$H36M_ROOT:data/h36m}}'

codec = dict(
    type='IntegralLabel',
    input_size=(256, 256),
    depth_range_mm=2000.0,
    depth_unit='crop',
)
meta_keys = (
    'id',
    'img_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'input_size',
    'input_center',
    'input_scale',
    'flip',
    'flip_direction',
    'flip_indices',
    'dataset_name',
    'subject',
    'action',
    'camera_id',
    'frame',
    'focal',
    'principal',
    'root_depth',
    'root_depth_estimate',
    'depth_source',
    'mm_per_px',
    'has_depth',
    'box',
    'excluded',
)

train_pipeline = [
    dict(type='SeedSample'),
    dict(type='IntegralReadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlipLabels', direction='horizontal'),
    dict(type='UniformBBoxTransform'),
    dict(type='ReadCrop', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs', meta_keys=meta_keys),
]
val_pipeline = [
    dict(type='LoadImageChecked'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs', meta_keys=meta_keys),
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
        ann_file='annotations/h36m_train.npz',
        subjects=['S1', 'S5', 'S6', 'S7', 'S8'],
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
        ann_file='annotations/h36m_test.npz',
        subjects=['S9', 'S11'],
        frame_step=64,
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='IntegralMPJPE')
test_evaluator = val_evaluator
