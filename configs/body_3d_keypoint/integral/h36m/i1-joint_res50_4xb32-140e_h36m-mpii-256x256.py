# Strategy 2 with H1 and the joint loss together, on the heat vectors
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/h36m_mpii_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(
    head=dict(heatmap_loss=dict(type='MarginalMSELoss'), decoder=_base_.codec)
)
