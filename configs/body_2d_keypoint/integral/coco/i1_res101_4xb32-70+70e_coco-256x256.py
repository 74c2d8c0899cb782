# Table 6, I1: AP 67.8, .5 88.2, .75 74.8, M 63.9, L 74.0 (test-dev)
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/coco_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(
    backbone=dict(
        depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')
    ),
    head=dict(
        out_channels=17,
        deconv_out_channels=(256, 256, 256),
        decoder=_base_.codec,
    ),
)
load_from = 'work_dirs/h1_res101_4xb32-70e_coco-256x256/epoch_70.pth'
