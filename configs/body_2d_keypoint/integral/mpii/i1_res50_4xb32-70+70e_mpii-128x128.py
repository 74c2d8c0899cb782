# Table 2 (d), I1: PCKh@0.5 80.9, PCKh@0.1 16.1, AUC 47.2
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_128x128.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_res50_4xb32-70e_mpii-128x128/epoch_70.pth'
