# Small scale of Table 1, I1, started with a factor in the last layer
_base_ = ['./i1_res18w16_1xb32-30+15e_mpii-128x128.py']

custom_hooks = _base_.custom_hooks + [dict(type='SharpenHook', factor=30.0)]
