# Small scale, H1, first half of the epochs: what H1 and I1 start from. Batch
# 16: the tiny set has 610 people, 9 iterations an epoch with 64
_base_ = [
    '../../../_base_/schedules/small_20e.py',
    '../../../_base_/datasets/coco_64x64.py',
    '../../../_base_/models/integral_res18w32.py',
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
train_dataloader = dict(batch_size=16, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
