# H1 and the joint loss together (an option that the paper describes; it
# found I1 after H1 slightly better). At weight 1 H1 holds the maps in [0, 1],
# where the softmax stays flat: the joint loss does not train.
_base_ = ['./istar_res50_4xb32-140e_mpii-256x256.py']

model = dict(
    head=dict(heatmap_loss=dict(type='VolumeMSELoss', loss_weight=0.01))
)
