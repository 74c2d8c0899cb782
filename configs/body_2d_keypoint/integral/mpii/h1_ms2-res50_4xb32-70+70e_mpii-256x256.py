# Table 4, 2 stages, H1: the paper has no number
_base_ = ['./h1_ms2-res50_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h1_ms2-res50_4xb32-70e_mpii-256x256/epoch_70.pth'
