# Table 1, I2: PCKh@0.5 86.9, PCKh@0.1 29.7, AUC 58.3
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h2_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
