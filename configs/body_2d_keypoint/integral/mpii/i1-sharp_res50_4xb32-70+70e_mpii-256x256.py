# I1 whose maps start as a sharp softmax: the last layer of H1 times 30 (not in
# the paper, which lets the training sharpen them)
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

custom_hooks = _base_.custom_hooks + [dict(type='SharpenHook', factor=30.0)]
