# Table 4, 4 stages: H1, the first half of its epochs, and of I1's
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/models/integral_ms_res50.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=None,
        readout='argmax',
        decoder=_base_.codec,
    )
)
