# MobileNetV2 from ImageNet (the file in BACKBONE_CHECKPOINT) without its last
# convolution: 320 channels instead of 1280. Three narrow deconvolutions
# (192 -> 6 -> 48), a volume of 48 x 48 x 12 bins.
_base_ = ['./integral_res50_3d.py']

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
    head=dict(in_channels=320, depth=12, deconv_out_channels=(128, 64, 64)),
)
