# Table 8, one stage, d = 64, I1: MPJPE 78.7 mm
_base_ = [
    '../../../_base_/schedules/adam_70e.py',
    '../../../_base_/datasets/h36m_256x256.py',
    '../../../_base_/models/integral_hg8.py',
]

model = dict(
    head=dict(out_channels=18, num_stages=1, depth=64, decoder=_base_.codec)
)
load_from = 'work_dirs/h1_hg1_4xb32-70e_h36m-256x256/epoch_70.pth'
