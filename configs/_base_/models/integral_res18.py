# ResNet-18, setting (b)
_base_ = ['./integral_res50.py']

model = dict(
    backbone=dict(
        depth=18,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18'),
    ),
    head=dict(in_channels=512),
)
