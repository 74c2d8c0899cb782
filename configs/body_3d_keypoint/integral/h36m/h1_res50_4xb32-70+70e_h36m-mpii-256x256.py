# Table 7, Strategy 2, H1: MPJPE 63.6 mm
_base_ = ['./h1_res50_4xb32-70e_h36m-mpii-256x256.py']

load_from = 'work_dirs/h1_res50_4xb32-70e_h36m-mpii-256x256/epoch_70.pth'
