# Small scale of Table 1, I1, started with a factor in the last layer
_base_ = ['./i1_res18w32_1xb64-20+20e_mpii-64x64.py']

custom_hooks = _base_.custom_hooks + [dict(type='SharpenHook', factor=30.0)]
