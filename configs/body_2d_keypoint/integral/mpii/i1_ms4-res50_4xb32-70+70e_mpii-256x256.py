# Table 4, 4 stages, I1: PCKh@0.5 88.1, PCKh@0.1 32.3, AUC 60.1
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_ms_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_ms4-res50_4xb32-70e_mpii-256x256/epoch_70.pth'
