# Table 8, two stages, d = 1, 64, I1: MPJPE 64.1 mm; Table 12, per action
_base_ = ['./i1_hg1_4xb32-70+70e_h36m-256x256.py']

model = dict(head=dict(num_stages=2, depths=(1, 64)))
load_from = 'work_dirs/h1_hg2_4xb32-70e_h36m-256x256/epoch_70.pth'
