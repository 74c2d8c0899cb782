# Table 7, Strategy 2, R1: MPJPE 56.2 mm
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/h36m_mpii_256x256.py',
    '../../../_base_/models/direct_res50.py',
]

model = dict(head=dict(num_joints=18, num_axes=3, decoder=_base_.codec))
