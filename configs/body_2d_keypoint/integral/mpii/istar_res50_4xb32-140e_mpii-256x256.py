# Table 1, I*: PCKh@0.5 86.0, PCKh@0.1 28.3, AUC 56.6
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
