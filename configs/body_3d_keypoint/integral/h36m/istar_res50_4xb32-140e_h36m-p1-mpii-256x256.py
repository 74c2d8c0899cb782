# Table 10, Protocol 1, Strategy 2, I*: PA-MPJPE 40.6 mm
# Trains on S1, 5, 6, 7, 8, 9, tests every 64th frame of S11.
_base_ = ['./istar_res50_4xb32-140e_h36m-mpii-256x256.py']
from integral_mmpose.config import edit

sources = edit(
    _base_.train_dataloader.dataset.datasets,
    H36MImageDataset=dict(subjects=['S1', 'S5', 'S6', 'S7', 'S8', 'S9']),
)
train_dataloader = dict(dataset=dict(datasets=sources))
val_dataloader = dict(dataset=dict(subjects=['S11']))
test_dataloader = val_dataloader
