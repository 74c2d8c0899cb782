# Table 9 (b), I2: MPJPE 51.7 mm
_base_ = ['./i2_res50_4xb32-70+70e_h36m-mpii-256x256.py']

model = dict(head=dict(depth=32, deconv_out_channels=(256, 256)))
load_from = (
    'work_dirs/h2_res50-2deconv_4xb32-70e_h36m-mpii-256x256/epoch_70.pth'
)
