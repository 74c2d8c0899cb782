# Small scale of Table 6, I1
_base_ = [
    '../../../_base_/schedules/small_15e.py',
    '../../../_base_/datasets/coco_128x128.py',
    '../../../_base_/models/integral_res18w16.py',
]

model = dict(head=dict(out_channels=17, decoder=_base_.codec))
load_from = 'work_dirs/h1_res18w16_1xb32-30e_coco-128x128/epoch_30.pth'
train_dataloader = dict(batch_size=32, num_workers=0, persistent_workers=False)
val_dataloader = dict(batch_size=64, num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
