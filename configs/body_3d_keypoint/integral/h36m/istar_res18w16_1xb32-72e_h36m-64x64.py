# Small scale of Table 7, Strategy 1, I*
_base_ = [
    '../../../_base_/schedules/small_72e.py',
    '../../../_base_/datasets/h36m_64x64.py',
    '../../../_base_/models/integral_res18w16_3d.py',
]

model = dict(head=dict(decoder=_base_.codec))
train_dataloader = dict(batch_size=32, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
