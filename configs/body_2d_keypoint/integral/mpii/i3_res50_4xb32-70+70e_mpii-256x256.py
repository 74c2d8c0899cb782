# Table 1, I3: PCKh@0.5 86.6, PCKh@0.1 29.1, AUC 57.7
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

load_from = 'work_dirs/h3_res50_4xb32-70e_mpii-256x256/epoch_70.pth'
