# Strategy 2: half Human3.6M, half MPII in every batch
_base_ = ['./h36m_256x256.py']

mpii_root = '{{$MPII_ROOT:data/mpii}}'

# The sources seed their own samples, before their own transforms.
train_pipeline = [
    step for step in _base_.train_pipeline if step['type'] != 'SeedSample'
]
train_dataloader = dict(
    batch_sampler=dict(type='ShareBatchSampler', shares=[1, 1]),
    drop_last=False,
    dataset=dict(
        _delete_=True,
        type='MixedDataset',
        datasets=[
            dict(
                type=_base_.dataset_type,
                data_root=_base_.data_root,
                ann_file='annotations/h36m_train.npz',
                subjects=['S1', 'S5', 'S6', 'S7', 'S8'],
                pipeline=[dict(type='SeedSample')],
            ),
            dict(
                type='MpiiExactDataset',
                data_root=mpii_root,
                split='train',
                pipeline=[
                    dict(type='SeedSample'),
                    dict(type='ConvertJoints', mapping='mpii_to_h36m', dim=3),
                ],
            ),
        ],
        pipeline=train_pipeline,
    ),
)
