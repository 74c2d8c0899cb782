# Table 1, R1: PCKh@0.5 84.6, PCKh@0.1 25.0, AUC 54.1
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/direct_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
