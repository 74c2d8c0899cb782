# Stacked HourGlass from scratch, 64 x 64 maps. The paper gives no number of
# stacks for MPII: 8, as Newell et al.
_base_ = ['./integral_res50.py']

model = dict(
    backbone=dict(_delete_=True, type='HourglassStem', channels=256),
    head=dict(
        type='IntegralMultiStageHead',
        in_channels=256,
        deconv_out_channels=(),
        num_stages=8,
        stage=dict(type='HourglassStage'),
    ),
)
