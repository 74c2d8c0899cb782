# Table 3, ResNet-101: H1, the first half of its epochs, and of I1's
_base_ = ['./h1_res50_4xb32-70e_mpii-256x256.py']

model = dict(
    backbone=dict(
        depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')
    )
)
