# Table 2 (c), I1: PCKh@0.5 83.2, PCKh@0.1 20.6, AUC 50.7
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_128x128.py',
    '../../../_base_/models/integral_res50_3deconv.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_res50-3deconv_4xb32-70e_mpii-128x128/epoch_70.pth'
