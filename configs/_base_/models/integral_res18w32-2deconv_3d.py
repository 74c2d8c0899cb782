# For make demo: ResNet-18 of half the width, from scratch, setting (b), two
# deconvolutions (64 -> 2 -> 8), a volume of 8 x 8 x 8 bins. Its last bin ends
# at 7/8 of the crop.
_base_ = ['./integral_res50_3d.py']

model = dict(
    backbone=dict(depth=18, base_channels=32, init_cfg=None),
    head=dict(in_channels=256, depth=8, deconv_out_channels=(128, 128)),
)
