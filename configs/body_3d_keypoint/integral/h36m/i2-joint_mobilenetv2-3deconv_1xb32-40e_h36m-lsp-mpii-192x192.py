# The model that ships, full schedule at 192 px: photographs teach x and y,
# Human3.6M also z. H2 and the joint loss together, on the heat vectors. The
# file that ships has had less, see the stages 6e to 6+10+4+4e
_base_ = [
    '../../../_base_/schedules/adamw_40e.py',
    '../../../_base_/datasets/h36m_lsp_mpii_192x192.py',
    '../../../_base_/models/integral_mobilenetv2-3deconv_3d.py',
]

model = dict(
    head=dict(
        heatmap_loss=dict(type='MarginalCrossEntropyLoss'),
        decoder=_base_.codec,
    )
)
train_dataloader = dict(batch_size=32, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
