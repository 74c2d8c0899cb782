# Table 1, H3: PCKh@0.5 83.0, PCKh@0.1 12.6, AUC 46.3
_base_ = ['./h3_res50_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h3_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
