# Table 7, Strategy 1, H2: MPJPE 80.4 mm
_base_ = ['./h2_res50_4xb32-70e_h36m-256x256.py']

load_from = 'work_dirs/h2_res50_4xb32-70e_h36m-256x256/epoch_70.pth'
