# H3 and the joint loss together (an option that the paper describes; it
# found I3 after H3 slightly better)
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(
    head=dict(heatmap_loss=dict(type='VolumeBCELoss'), decoder=_base_.codec)
)
