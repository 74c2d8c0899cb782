# Table 4, 4 stages, H1: PCKh@0.5 87.4, PCKh@0.1 17.8, AUC 54.0
_base_ = ['./h1_ms4-res50_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h1_ms4-res50_4xb32-70e_mpii-256x256/epoch_70.pth'
