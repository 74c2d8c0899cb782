# Table 10, Protocol 1, Strategy 2, I*: PA-MPJPE 40.6 mm
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/h36m_p1_mpii_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(head=dict(decoder=_base_.codec))
