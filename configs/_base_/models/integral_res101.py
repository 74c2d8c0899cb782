# I*, 2D: ResNet-101
_base_ = ['./integral_res50.py']

model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
    )
)
