# Table 3, ResNet-101, H1: PCKh@0.5 87.3, PCKh@0.1 17.3, AUC 53.3
_base_ = ['./h1_res101_4xb32-70e_mpii-256x256.py']

load_from = 'work_dirs/h1_res101_4xb32-70e_mpii-256x256/epoch_70.pth'
