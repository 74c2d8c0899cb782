# Table 1: H3, the first half of its epochs, and of I3's
_base_ = ['./h1_res50_4xb32-70e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='VolumeBCELoss')))
