# Strategy 2 with H1 and the joint loss together, on the heat vectors
_base_ = ['./istar_res50_4xb32-140e_h36m-mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='MarginalMSELoss')))
