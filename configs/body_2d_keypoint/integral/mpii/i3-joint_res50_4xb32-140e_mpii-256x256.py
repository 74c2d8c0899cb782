# H3 and the joint loss together (an option that the paper describes; it
# found I3 after H3 slightly better)
_base_ = ['./istar_res50_4xb32-140e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='VolumeBCELoss')))
