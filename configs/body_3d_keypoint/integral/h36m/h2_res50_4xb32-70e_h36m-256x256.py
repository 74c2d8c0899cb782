# Table 7, Strategy 1: H2, the first half of its epochs, and of I2's
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='VolumeCrossEntropyLoss'),
        joint_loss=None,
        readout='argmax',
        decoder=_base_.codec,
    )
)
