# Table 9 (c): H2, the first half of its epochs, and of I2's
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_mpii_128x128.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='MarginalCrossEntropyLoss'),
        joint_loss=None,
        readout='marginal_argmax',
        decoder=_base_.codec,
        depth=32,
    )
)
