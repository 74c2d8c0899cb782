# Table 9 (c), H2: MPJPE 66.6 mm
_base_ = ['./h2_res50_4xb32-70e_h36m-mpii-128x128.py']

load_from = 'work_dirs/h2_res50_4xb32-70e_h36m-mpii-128x128/epoch_70.pth'
