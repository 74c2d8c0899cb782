# Strategy 2 with photographs, 128 px: half Human3.6M, 3/8 the photographs of
# LSP and LSPET, 1/16 LSP alone (its labels are clean), 1/16 MPII in every
# batch; an epoch is one pass over the photographs. Validation: PCKh on LSP
# val, MPJPE on Human3.6M. LSP_ROOT is the merged data of
# reproduction/reproduce.py --data lsp.
_base_ = ['./h36m_mpii_128x128.py']
from integral_mmpose.config import edit, insert_after

lsp_root = '{{$LSP_ROOT:data/lsp-lspet}}'
meta_keys = (*_base_.meta_keys, 'source')
seed_only = dict(type='SeedSample')
to_h36m = dict(type='ConvertJoints', mapping='mpii_to_h36m', dim=3)

train_pipeline = edit(
    _base_.train_pipeline,
    # Boxes of photographs are tighter than Human3.6M's of 2000 mm.
    UniformBBoxTransform=dict(scale_factor=(0.7, 1.3), rotate_factor=40.0),
)
train_pipeline = insert_after(
    train_pipeline, 'ReadCrop', dict(type='RandomChannelScale')
)
val_pipeline = edit(
    _base_.val_pipeline, PackPoseInputs=dict(meta_keys=meta_keys)
)
photographs = dict(
    type='MpiiExactDataset',
    data_root=lsp_root,
    split='train',
    pipeline=[seed_only, to_h36m],
)
frames, pictures = _base_.train_dataloader.dataset.datasets

train_dataloader = dict(
    batch_sampler=dict(shares=[8, 6, 1, 1], num_batches=540),
    dataset=dict(
        datasets=[
            frames,
            photographs,
            dict(photographs, indices=1000),  # LSP train comes first
            pictures,
        ],
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='MixedDataset',
        datasets=[
            dict(photographs, split='val', test_mode=True, pipeline=[to_h36m]),
            dict(
                type=_base_.dataset_type,
                data_root=_base_.data_root,
                ann_file='annotations/h36m_test.npz',
                subjects=['S9', 'S11'],
                frame_step=64,
                test_mode=True,
            ),
        ],
        pipeline=val_pipeline,
    )
)
test_dataloader = val_dataloader

# The 12 joints that other models have, too, and the 14 of LSP.
limbs = dict(
    Shoulder=(11, 14),
    Elbow=(12, 15),
    Wrist=(13, 16),
    Hip=(1, 4),
    Knee=(2, 5),
    Ankle=(3, 6),
)
val_evaluator = dict(
    _delete_=True,
    type='PerSourceEvaluator',
    metrics=[
        dict(type='PCKhCurve', groups=limbs),
        dict(
            type='PCKhCurve',
            groups=dict(Head=(8, 10), **limbs),
            prefix='pckh14',
        ),
        dict(type='IntegralMPJPE', per_action=False),
    ],
    sources=[0, 0, 1],
)
test_evaluator = val_evaluator
