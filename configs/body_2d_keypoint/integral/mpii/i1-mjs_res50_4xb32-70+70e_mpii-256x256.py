# I1 after H1 with the heat vectors held to Gaussians (Nibali et al., 2018)
_base_ = ['./i1_res50_4xb32-70+70e_mpii-256x256.py']

model = dict(head=dict(heatmap_loss=dict(type='MarginalJSLoss')))
