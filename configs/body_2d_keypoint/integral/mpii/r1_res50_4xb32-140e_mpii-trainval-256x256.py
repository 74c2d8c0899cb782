# Table 5, R1: PCKh@0.5 87.0
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/mpii_trainval_256x256.py',
    '../../../_base_/models/direct_res50.py',
]

model = dict(head=dict(decoder=_base_.codec), test_cfg=dict(flip_test=True))
