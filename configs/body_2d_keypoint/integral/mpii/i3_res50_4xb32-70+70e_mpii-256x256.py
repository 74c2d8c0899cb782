# Table 1, I3: PCKh@0.5 86.6, PCKh@0.1 29.1, AUC 57.7
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h3_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
