# Table 4, 3 stages, I1: PCKh@0.5 87.8, PCKh@0.1 32.4, AUC 59.9
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_ms_res50.py',
]

model = dict(head=dict(decoder=_base_.codec, num_stages=3))
load_from = 'work_dirs/h1_ms3-res50_4xb32-70e_mpii-256x256/epoch_70.pth'
