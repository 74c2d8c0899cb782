# Multi-stage ResNet-50: conv1 to conv3 shared, conv4 and conv5 for each stage
_base_ = ['./integral_res50.py']

model = dict(
    backbone=dict(
        num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(1,)
    ),
    head=dict(
        type='IntegralMultiStageHead',
        in_channels=512,
        num_stages=4,
        stage=dict(
            type='IntegralResNetStage',
            depth=50,
            init_cfg=dict(
                type='Pretrained', checkpoint='torchvision://resnet50'
            ),
        ),
    ),
)
