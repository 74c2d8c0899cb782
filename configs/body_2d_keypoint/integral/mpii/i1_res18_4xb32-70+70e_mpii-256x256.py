# Table 3, ResNet-18, I1: PCKh@0.5 86.0, PCKh@0.1 25.7, AUC 55.6
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(
    backbone=dict(
        depth=18, init_cfg=dict(checkpoint='torchvision://resnet18')
    ),
    head=dict(in_channels=512),
)
load_from = 'work_dirs/h1_res18_4xb32-70e_mpii-256x256/epoch_70.pth'
