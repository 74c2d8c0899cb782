# The model that ships, full schedule at 192 px: photographs teach x and y,
# Human3.6M also z. H2 and the joint loss together, on the heat vectors. The
# file that ships has had less, see the stages 6e to 6+10+4+4e.
# MobileNetV2 from ImageNet (the file in BACKBONE_CHECKPOINT) without its last
# convolution: 320 channels instead of 1280. Three narrow deconvolutions
# (192 -> 6 -> 48), a volume of 48 x 48 x 12 bins.
_base_ = [
    '../../../_base_/schedules/adamw_40e.py',
    '../../../_base_/datasets/h36m_lsp_mpii_192x192.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='MobileNetV2',
        out_indices=(6,),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$BACKBONE_CHECKPOINT:data/backbone.pth}}',
        ),
    ),
    head=dict(
        in_channels=320,
        depth=12,
        deconv_out_channels=(128, 64, 64),
        heatmap_loss=dict(type='MarginalCrossEntropyLoss'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
