# Table 2 (c), H1: PCKh@0.5 81.6, PCKh@0.1 13.6, AUC 46.6
_base_ = ['./h1_res50-3deconv_4xb32-70e_mpii-128x128.py']

load_from = 'work_dirs/h1_res50-3deconv_4xb32-70e_mpii-128x128/epoch_70.pth'
