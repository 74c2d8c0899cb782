# Table 1: H2, the first half of its epochs, and of I2's
_base_ = ['./h1_res50_4xb32-70e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='VolumeCrossEntropyLoss')))
