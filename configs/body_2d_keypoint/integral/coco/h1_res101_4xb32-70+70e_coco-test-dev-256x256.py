# Table 6, H1, tested on test-dev: AP 66.3 (67.8 less the 1.5 of the text)
_base_ = ['./i1_res101_4xb32-70+70e_coco-test-dev-256x256.py']

model = dict(
    head=dict(
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=None,
        readout='argmax',
    )
)
