# I* with the paper's own words for the learning rate: lower on a plateau
_base_ = [
    '../../../_base_/schedules/plateau_140e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(head=dict(decoder=_base_.codec))
