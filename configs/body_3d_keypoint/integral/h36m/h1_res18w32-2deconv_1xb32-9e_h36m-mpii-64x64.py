# make demo: H1, Strategy 2, nine epochs
_base_ = [
    '../../../_base_/schedules/small_9e.py',
    '../../../_base_/datasets/h36m_mpii_64x64.py',
    '../../../_base_/models/integral_res18w32-2deconv_3d.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='MarginalMSELoss'),
        joint_loss=None,
        readout='marginal_argmax',
        decoder=_base_.codec,
    )
)
train_dataloader = dict(batch_size=32, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
