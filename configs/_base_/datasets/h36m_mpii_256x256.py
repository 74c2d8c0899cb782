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
                _base_.train_dataloader.dataset,
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
