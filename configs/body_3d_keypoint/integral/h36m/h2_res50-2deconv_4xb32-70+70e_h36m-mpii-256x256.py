# Table 9 (b), H2: MPJPE 61.5 mm
_base_ = ['./h2_res50-2deconv_4xb32-70e_h36m-mpii-256x256.py']

load_from = (
    'work_dirs/h2_res50-2deconv_4xb32-70e_h36m-mpii-256x256/epoch_70.pth'
)
