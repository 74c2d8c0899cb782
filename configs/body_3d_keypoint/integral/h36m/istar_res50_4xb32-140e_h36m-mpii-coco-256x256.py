# As Table 7, Strategy 2, I*, with COCO as a second 2D source: not in the paper
_base_ = [
    '../../../_base_/schedules/adam_140e.py',
    '../../../_base_/datasets/h36m_mpii_coco_256x256.py',
    '../../../_base_/models/integral_res50_3d.py',
]

model = dict(head=dict(decoder=_base_.codec))
