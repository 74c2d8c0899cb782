# I1 after H1 with the cross-entropy of the heat vectors beside the joint loss
# (not in the paper)
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='MarginalCrossEntropyLoss')))
