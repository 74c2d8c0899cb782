# Table 6's boxes: stands in for the paper's Faster R-CNN with deformable
# convolutions and an Xception backbone (box AP 49), which MMDetection has not.
# The base, of 80 classes, has box AP 41.3 in MMDetection's zoo.
_base_ = ['mmdet::dcn/faster-rcnn_r50-dconv-c3-c5_fpn_1x_coco.py']

data_root = '{{$COCO_ROOT:data/coco}}'
metainfo = dict(classes=('person',), palette=[(220, 20, 60)])
model = dict(roi_head=dict(bbox_head=dict(num_classes=1)))
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
