# Table 8, one stage, d = 64, H1: MPJPE 85.5 mm
_base_ = ['./h1_hg1_4xb32-70e_h36m-256x256.py']

load_from = 'work_dirs/h1_hg1_4xb32-70e_h36m-256x256/epoch_70.pth'
