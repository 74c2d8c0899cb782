# Table 1, I2: PCKh@0.5 86.9, PCKh@0.1 29.7, AUC 58.3
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

load_from = 'work_dirs/h2_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
