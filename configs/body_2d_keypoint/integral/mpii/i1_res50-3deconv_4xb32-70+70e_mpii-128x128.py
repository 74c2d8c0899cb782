# Table 2 (c), I1: PCKh@0.5 83.2, PCKh@0.1 20.6, AUC 50.7
_base_ = ['./i1_res50_4xb32-70+70e_mpii-128x128.py']

model = dict(head=dict(deconv_out_channels=(256, 256, 256)))
load_from = 'work_dirs/h1_res50-3deconv_4xb32-70e_mpii-128x128/epoch_70.pth'
