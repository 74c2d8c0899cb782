# Table 2 (a), I1: PCKh@0.5 86.6, PCKh@0.1 32.1, AUC 58.9
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res50_3deconv.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_res50-3deconv_4xb32-70e_mpii-256x256/epoch_70.pth'
