# Table 7, Strategy 1, I1: MPJPE 86.4 mm
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_res50_4xb32-70e_h36m-256x256/epoch_70.pth'
