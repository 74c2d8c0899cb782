# H1, first half of the epochs: what H1 and I1 of Table 6 start from
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
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=None,
        readout='argmax',
        decoder=_base_.codec,
    ),
)
