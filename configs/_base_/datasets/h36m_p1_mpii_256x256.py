# Strategy 2 under Protocol 1: train S1, 5, 6, 7, 8, 9, test every 64th frame
# of S11 by PA-MPJPE
_base_ = ['./h36m_mpii_256x256.py']

sources = _base_.train_dataloader.dataset.datasets
[
    source.update(subjects=['S1', 'S5', 'S6', 'S7', 'S8', 'S9'])
    for source in sources
    if source['type'] == 'H36MImageDataset'
]

train_dataloader = dict(dataset=dict(datasets=sources))
val_dataloader = dict(dataset=dict(subjects=['S11']))
test_dataloader = val_dataloader
