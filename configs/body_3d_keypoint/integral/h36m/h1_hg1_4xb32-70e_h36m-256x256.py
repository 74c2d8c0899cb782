# Table 8, one stage, d = 64: H1, the first half of its epochs, and of I1's
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_256x256.py',
    '../../../_base_/models/integral_hg8.py',
]

model = dict(
    head=dict(
        out_channels=18,
        num_stages=1,
        depth=64,
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=None,
        readout='argmax',
        decoder=_base_.codec,
    )
)
