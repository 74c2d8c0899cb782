# Table 5, HG-H1: PCKh@0.5 90.4
_base_ = ['./h1_hg8_4xb32-70e_mpii-trainval-256x256.py']

load_from = 'work_dirs/h1_hg8_4xb32-70e_mpii-trainval-256x256/epoch_70.pth'
