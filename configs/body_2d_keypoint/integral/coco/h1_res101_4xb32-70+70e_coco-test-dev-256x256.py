# Table 6, H1, tested on test-dev: AP 66.3 (67.8 less the 1.5 of the text)
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/coco_test-dev_256x256.py',
    '../../../_base_/models/integral_res101.py',
]

model = dict(
    head=dict(
        out_channels=17,
        deconv_out_channels=(256, 256, 256),
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=None,
        readout='argmax',
        decoder=_base_.codec,
    )
)
load_from = 'work_dirs/h1_res101_4xb32-70e_coco-256x256/epoch_70.pth'
