# Small scale of Table 6, H1
_base_ = ['./h1_res18w32_1xb16-20e_coco-64x64.py']

load_from = 'work_dirs/h1_res18w32_1xb16-20e_coco-64x64/epoch_20.pth'
