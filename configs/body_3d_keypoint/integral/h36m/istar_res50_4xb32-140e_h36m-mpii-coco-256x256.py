# As Table 7, Strategy 2, I*, with COCO as a second 2D source: not in the paper
# Half Human3.6M, a quarter MPII, a quarter COCO in every batch. COCO's boxes
# are tight, those of the others padded: each source has its own
# GetBBoxCenterScale, so the common pipeline goes without.
_base_ = ['./istar_res50_4xb32-140e_h36m-mpii-256x256.py']
from integral_mmpose.config import edit

coco_root = '{{$COCO_ROOT:data/coco}}'

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
train_pipeline = edit(_base_.train_pipeline, GetBBoxCenterScale=None)
train_dataloader = dict(
    batch_sampler=dict(shares=[2, 1, 1]),
    dataset=dict(datasets=[h36m, mpii, coco], pipeline=train_pipeline),
)
