# Table 7, Strategy 1, I2: MPJPE 66.2 mm
_base_ = ['./i1_res50_4xb32-70+70e_h36m-256x256.py']

load_from = 'work_dirs/h2_res50_4xb32-70e_h36m-256x256/epoch_70.pth'
