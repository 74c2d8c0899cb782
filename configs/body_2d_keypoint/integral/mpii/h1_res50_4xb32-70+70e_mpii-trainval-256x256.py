# Table 5, H1: PCKh@0.5 89.4
_base_ = ['./h1_res50_4xb32-70e_mpii-trainval-256x256.py']

load_from = 'work_dirs/h1_res50_4xb32-70e_mpii-trainval-256x256/epoch_70.pth'
