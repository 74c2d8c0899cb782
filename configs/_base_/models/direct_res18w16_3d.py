# The small scale of R1 in 3D
_base_ = ['./direct_res50_3d.py']

model = dict(
    backbone=dict(depth=18, base_channels=16, stem_channels=16, init_cfg=None),
    head=dict(in_channels=128),
)
