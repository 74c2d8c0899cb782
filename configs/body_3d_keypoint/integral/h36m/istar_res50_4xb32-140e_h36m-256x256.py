# Table 7, Strategy 1, I*: MPJPE 100.2 mm
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/h36m_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(head=dict(decoder=_base_.codec))
