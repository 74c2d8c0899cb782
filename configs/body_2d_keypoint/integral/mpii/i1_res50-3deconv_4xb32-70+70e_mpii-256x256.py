# Table 2 (a), I1: PCKh@0.5 86.6, PCKh@0.1 32.1, AUC 58.9
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(head=dict(deconv_out_channels=(256, 256, 256)))
load_from = 'work_dirs/h1_res50-3deconv_4xb32-70e_mpii-256x256/epoch_70.pth'
