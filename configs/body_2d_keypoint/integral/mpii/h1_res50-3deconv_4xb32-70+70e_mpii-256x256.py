# Table 2 (a), H1: PCKh@0.5 86.7, PCKh@0.1 28.0, AUC 57.7
_base_ = ['./h1_res50-3deconv_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h1_res50-3deconv_4xb32-70e_mpii-256x256/epoch_70.pth'
