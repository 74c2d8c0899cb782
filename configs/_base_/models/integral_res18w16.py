# The small scale of Table 1 for two cores: ResNet-18 of a quarter of the
# width, from scratch, two deconvolutions (128 -> 4 -> 8 -> 16)
_base_ = ['./integral_res50.py']

model = dict(
    backbone=dict(depth=18, base_channels=16, stem_channels=16, init_cfg=None),
    head=dict(in_channels=128, deconv_out_channels=(128, 128)),
)
