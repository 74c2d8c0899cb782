# Table 5, HG-I1: PCKh@0.5 91.0
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_trainval_256x256.py',
    '../../../_base_/models/integral_hg8.py',
]

model = dict(head=dict(decoder=_base_.codec), test_cfg=dict(flip_test=True))
load_from = 'work_dirs/h1_hg8_4xb32-70e_mpii-trainval-256x256/epoch_70.pth'
