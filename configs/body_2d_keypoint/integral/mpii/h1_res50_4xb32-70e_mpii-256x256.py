# H1, first half of the epochs: what H1 and I1 of Table 1 start from
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_res50.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=None,
        decode='argmax',
        decoder=_base_.codec,
    )
)
