# DSNT (Nibali et al., 2018): IPR with another heat map loss. Its divergence
# gives NaN where a weight is 0 (mmpose issues 2455 and 2517). Without weights
# an unlabelled joint has the target 0 everywhere, and a divergence of
# log(2) / 2 without a gradient.
_base_ = ['./ipr.py']

model = dict(
    head=dict(
        loss=dict(
            losses=[
                dict(type='SmoothL1Loss', use_target_weight=True),
                dict(type='JSDiscretLoss', use_target_weight=False),
            ]
        )
    )
)
