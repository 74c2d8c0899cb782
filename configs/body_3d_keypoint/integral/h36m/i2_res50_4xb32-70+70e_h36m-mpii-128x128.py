# Table 9 (c), I2: MPJPE 57.1 mm
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_mpii_128x128.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(head=dict(decoder=_base_.codec, depth=32))
load_from = 'work_dirs/h2_res50_4xb32-70e_h36m-mpii-128x128/epoch_70.pth'
