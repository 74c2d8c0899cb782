# Table 3, ResNet-101, I1: PCKh@0.5 87.9, PCKh@0.1 30.3, AUC 59.0
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res101.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_res101_4xb32-70e_mpii-256x256/epoch_70.pth'
