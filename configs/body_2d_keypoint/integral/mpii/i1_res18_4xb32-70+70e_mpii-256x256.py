# Table 3, ResNet-18, I1: PCKh@0.5 86.0, PCKh@0.1 25.7, AUC 55.6
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res18.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_res18_4xb32-70e_mpii-256x256/epoch_70.pth'
