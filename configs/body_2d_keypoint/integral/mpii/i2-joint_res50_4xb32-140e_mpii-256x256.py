# H2 and the joint loss together (an option that the paper describes; it
# found I2 after H2 slightly better)
_base_ = ['./istar_res50_4xb32-140e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='VolumeCrossEntropyLoss')))
