# First stage of the bundled model, six epochs at 128 px: photographs teach
# x and y, Human3.6M also z. H2 and the joint loss together, on the heat
# vectors. The later stages: 6+10e, 6+10+4e, 6+10+4+4+12e, …12+7e, …12+7+5e.
# MobileNetV2 without its last convolution: 320 channels instead of 1280. It
# starts from the backbone that row H1 of reproduction/reproduce.py (--table 1
# --data lsp) leaves, given as BACKBONE_CHECKPOINT (docs/how_to/fine_tune.md).
# Three narrow deconvolutions (128 px -> 4 -> 32 cells), a volume of
# 32 x 32 x 8 bins.
_base_ = [
    '../../../_base_/schedules/adamw_6e.py',
    '../../../_base_/datasets/h36m_lsp_mpii_128x128.py',
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
        depth=8,
        deconv_out_channels=(128, 64, 64),
        heatmap_loss=dict(type='MarginalCrossEntropyLoss'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
