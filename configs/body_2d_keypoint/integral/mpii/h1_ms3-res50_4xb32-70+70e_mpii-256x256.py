# Table 4, 3 stages, H1: PCKh@0.5 87.1, PCKh@0.1 17.8, AUC 53.7
_base_ = ['./h1_ms3-res50_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h1_ms3-res50_4xb32-70e_mpii-256x256/epoch_70.pth'
