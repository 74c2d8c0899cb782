# I1 after H1 with the map held to a Gaussian (Nibali et al., 2018)
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='VolumeJSLoss')))
