# Small scale of Table 1, I1
_base_ = [
    '../../../_base_/schedules/small_20e.py',
    '../../../_base_/datasets/mpii_64x64.py',
    '../../../_base_/models/integral_res18w32.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h1_res18w32_1xb64-20e_mpii-64x64/epoch_20.pth'
train_dataloader = dict(batch_size=64, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
