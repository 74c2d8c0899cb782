# Small scale, H1, the first epochs: what H1 and I1 start from
_base_ = [
    '../../../_base_/schedules/small_30e.py',
    '../../../_base_/datasets/coco_128x128.py',
    '../../../_base_/models/integral_res18w16.py',
]

model = dict(
    head=dict(
        out_channels=17,
        heatmap_loss=dict(type='VolumeMSELoss'),
        joint_loss=None,
        decode='argmax',
        decoder=_base_.codec,
    )
)
train_dataloader = dict(batch_size=32, num_workers=0, persistent_workers=False)
val_dataloader = dict(batch_size=64, num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
