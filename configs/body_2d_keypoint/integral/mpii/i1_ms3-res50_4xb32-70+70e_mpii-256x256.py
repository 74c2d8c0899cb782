# Table 4, 3 stages, I1: PCKh@0.5 87.8, PCKh@0.1 32.4, AUC 59.9
_base_ = ['./i1_ms4-res50_4xb32-70+70e_mpii-256x256.py']

model = dict(head=dict(num_stages=3))
load_from = 'work_dirs/h1_ms3-res50_4xb32-70e_mpii-256x256/epoch_70.pth'
