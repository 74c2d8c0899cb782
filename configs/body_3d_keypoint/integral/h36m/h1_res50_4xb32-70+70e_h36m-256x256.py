# Table 7, Strategy 1, H1: MPJPE 99.5 mm
_base_ = ['./h1_res50_4xb32-70e_h36m-256x256.py']

load_from = 'work_dirs/h1_res50_4xb32-70e_h36m-256x256/epoch_70.pth'
