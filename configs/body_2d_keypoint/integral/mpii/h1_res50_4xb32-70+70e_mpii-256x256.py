# Table 1, H1: PCKh@0.5 86.8, PCKh@0.1 17.2, AUC 52.9
_base_ = ['./h1_res50_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h1_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
