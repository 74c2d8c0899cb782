# Table 7, Strategy 2, R1: MPJPE 56.2 mm
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/h36m_mpii_256x256.py',
    '../../../_base_/models/direct_res50_3d.py',
]

model = dict(head=dict(decoder=_base_.codec))
