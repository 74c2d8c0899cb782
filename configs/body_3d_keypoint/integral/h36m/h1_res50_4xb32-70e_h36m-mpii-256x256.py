# Table 7, Strategy 2: H1, the first half of its epochs, and of I1's
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_mpii_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='MarginalMSELoss'),
        joint_loss=None,
        readout='marginal_argmax',
        decoder=_base_.codec,
    )
)
