# Table 7, Strategy 2, H1: MPJPE 63.6 mm
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/h36m_mpii_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='MarginalMSELoss'),
        joint_loss=None,
        decode='marginal_argmax',
        decoder=_base_.codec,
    )
)
