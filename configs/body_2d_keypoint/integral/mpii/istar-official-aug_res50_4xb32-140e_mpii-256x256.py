# I* with the augmentation of the paper's public code
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/mpii_official-aug_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
