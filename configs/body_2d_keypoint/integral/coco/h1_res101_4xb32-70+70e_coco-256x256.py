# Table 6, H1: AP 66.3 on test-dev (67.8 of I1 less the 1.5 of the text)
_base_ = ['./h1_res101_4xb32-70e_coco-256x256.py']

load_from = 'work_dirs/h1_res101_4xb32-70e_coco-256x256/epoch_70.pth'
