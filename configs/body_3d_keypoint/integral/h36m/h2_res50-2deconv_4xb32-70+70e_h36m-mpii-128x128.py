# Table 9 (d), H2: MPJPE 86.4 mm
_base_ = ['./h2_res50-2deconv_4xb32-70e_h36m-mpii-128x128.py']

load_from = (
    'work_dirs/h2_res50-2deconv_4xb32-70e_h36m-mpii-128x128/epoch_70.pth'
)
