# Small scale of Table 7, Strategy 1, I2
_base_ = [
    '../../../_base_/schedules/small_24e.py',
    '../../../_base_/datasets/h36m_64x64.py',
    '../../../_base_/models/integral_res18w16_3d.py',
]

model = dict(head=dict(decoder=_base_.codec))
load_from = 'work_dirs/h2_res18w16_1xb32-48e_h36m-64x64/epoch_48.pth'
train_dataloader = dict(batch_size=32, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
