# The small scale of R1
_base_ = ['./direct_res50.py']

model = dict(
    backbone=dict(depth=18, base_channels=16, stem_channels=16, init_cfg=None),
    head=dict(in_channels=128),
)
