# Half Human3.6M, a quarter MPII, a quarter COCO in every batch. COCO_ROOT and
# MPII_ROOT switch to any 2D data in their layouts.
_base_ = ['./h36m_mpii_256x256.py']

coco_root = '{{$COCO_ROOT:data/coco}}'

# COCO's boxes are tight, those of the others padded: each source has its own
# GetBBoxCenterScale, so the common pipeline goes without.
train_pipeline = [
    step
    for step in _base_.train_pipeline
    if step['type'] != 'GetBBoxCenterScale'
]
h36m, mpii = _base_.train_dataloader.dataset.datasets
padded = dict(type='GetBBoxCenterScale', padding=1.0)
h36m.update(pipeline=[*h36m.pipeline, padded])
mpii.update(pipeline=[*mpii.pipeline, padded])
coco = dict(
    type='CocoCheckedDataset',
    data_root=coco_root,
    data_mode='topdown',
    ann_file='annotations/person_keypoints_train2017.json',
    data_prefix=dict(img='train2017/'),
    pipeline=[
        dict(type='SeedSample'),
        dict(type='ConvertJoints', mapping='coco_to_h36m', dim=3),
        dict(type='GetBBoxCenterScale', padding=1.25),
    ],
)

train_dataloader = dict(
    batch_sampler=dict(shares=[2, 1, 1]),
    dataset=dict(datasets=[h36m, mpii, coco], pipeline=train_pipeline),
)
