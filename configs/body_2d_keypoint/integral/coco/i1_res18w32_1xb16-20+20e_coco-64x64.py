# Small scale of Table 6, I1
_base_ = [
    '../../../_base_/schedules/small_20e.py',
    '../../../_base_/datasets/coco_64x64.py',
    '../../../_base_/models/integral_res18w32.py',
]

model = dict(head=dict(out_channels=17, decoder=_base_.codec))
load_from = 'work_dirs/h1_res18w32_1xb16-20e_coco-64x64/epoch_20.pth'
train_dataloader = dict(batch_size=16, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
