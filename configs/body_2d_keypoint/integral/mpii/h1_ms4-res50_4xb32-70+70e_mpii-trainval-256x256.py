# Table 5, MS-H1: PCKh@0.5 89.8
_base_ = ['./h1_ms4-res50_4xb32-70e_mpii-trainval-256x256.py']

load_from = (
    'work_dirs/h1_ms4-res50_4xb32-70e_mpii-trainval-256x256/epoch_70.pth'
)
