# Table 9 (d), I2: MPJPE 60.9 mm
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_mpii_128x128.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(
    head=dict(decoder=_base_.codec, depth=16, deconv_out_channels=(256, 256))
)
load_from = (
    'work_dirs/h2_res50-2deconv_4xb32-70e_h36m-mpii-128x128/epoch_70.pth'
)
