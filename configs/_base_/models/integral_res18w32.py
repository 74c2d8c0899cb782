# The small scale for two cores: ResNet-18 of half the width, from scratch,
# three deconvolutions (64 -> 2 -> 4 -> 8 -> 16)
_base_ = ['./integral_res50.py']

model = dict(
    backbone=dict(depth=18, base_channels=32, init_cfg=None),
    head=dict(in_channels=256, deconv_out_channels=(128, 128, 128)),
)
