# Table 6's boxes with a detector of today: RTMDet-m on persons. The base, of
# 80 classes, has box AP 49.1 in MMDetection's zoo.
_base_ = ['mmdet::rtmdet/rtmdet_m_8xb32-300e_coco.py']

data_root = '{{$COCO_ROOT:data/coco}}'
metainfo = dict(classes=('person',), palette=[(220, 20, 60)])
model = dict(bbox_head=dict(num_classes=1))
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/person_keypoints_train2017.json',
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/person_keypoints_val2017.json',
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(
    ann_file=data_root + '/annotations/person_keypoints_val2017.json'
)
test_evaluator = val_evaluator
