# COCO keypoints, 17 joints; tested on val2017 with detected person boxes.
# COCO_ROOT switches to any data in its layout.
dataset_type = 'CocoCheckedDataset'
data_mode = 'topdown'
data_root = '{{$COCO_ROOT:data/coco}}'

codec = dict(type='IntegralLabel', input_size=(256, 256))

train_pipeline = [
    dict(type='SeedSample'),
    dict(type='IntegralReadImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='RandomFlipLabels', direction='horizontal'),
    dict(type='UniformBBoxTransform'),
    dict(type='ReadCrop', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImageChecked'),
    dict(type='GetBBoxCenterScale', padding=1.25),
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
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
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
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_val2017.json',
        # COCO_val2017_detections_AP_H_56_person.json, or the synthetic set's;
        # a path of your own replaces it, None takes the ground truth's boxes.
        bbox_file='person_detection_results/COCO_val2017_detections*.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

# The metric reads the annotation file of the data set.
val_evaluator = dict(
    type='FiniteCocoMetric', score_mode='bbox_keypoint', nms_mode='oks_nms'
)
test_evaluator = val_evaluator
