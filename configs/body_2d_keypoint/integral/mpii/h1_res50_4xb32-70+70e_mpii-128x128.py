# Table 2 (d), H1: PCKh@0.5 75.4, PCKh@0.1 5.6, AUC 34.1
_base_ = ['./h1_res50_4xb32-70e_mpii-128x128.py']

load_from = 'work_dirs/h1_res50_4xb32-70e_mpii-128x128/epoch_70.pth'
