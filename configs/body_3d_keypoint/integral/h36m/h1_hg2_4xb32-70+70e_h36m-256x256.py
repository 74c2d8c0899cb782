# Table 8, two stages, d = 1, 64, H1: MPJPE 68.0 mm
_base_ = ['./h1_hg2_4xb32-70e_h36m-256x256.py']

load_from = 'work_dirs/h1_hg2_4xb32-70e_h36m-256x256/epoch_70.pth'
