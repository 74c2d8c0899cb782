# I* with a Gaussian prior that fades over the first half of the training
# (Gu et al., ICLR 2022)
_base_ = ['./istar_res50_4xb32-140e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='VolumeJSLoss')))
custom_hooks = _base_.custom_hooks + [
    dict(type='DecayPriorHook', fraction=0.5)
]
