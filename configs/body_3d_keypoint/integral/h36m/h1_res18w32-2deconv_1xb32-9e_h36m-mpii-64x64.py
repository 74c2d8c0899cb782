# make demo: H1, Strategy 2, nine epochs
_base_ = ['./istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py']

model = dict(
    head=dict(
        heatmap_loss=dict(type='MarginalMSELoss'),
        joint_loss=None,
        readout='marginal_argmax',
    )
)
