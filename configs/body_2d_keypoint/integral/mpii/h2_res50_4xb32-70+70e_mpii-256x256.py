# Table 1, H2: PCKh@0.5 86.4, PCKh@0.1 17.6, AUC 53.1
_base_ = ['./h2_res50_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h2_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
