# Table 3, ResNet-101, I1: PCKh@0.5 87.9, PCKh@0.1 30.3, AUC 59.0
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(
    backbone=dict(
        depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')
    )
)
load_from = 'work_dirs/h1_res101_4xb32-70e_mpii-256x256/epoch_70.pth'
