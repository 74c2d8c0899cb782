# As small.py, four times as long, for the 2D rows: in 45 epochs of 2,000
# synthetic images H3 finds half of MPII's joints, in 180 81 of 100.
_base_ = ['./small.py']

schedules = dict(
    first=dict(max_epochs=120, val_interval=20, milestones=[84, 108]),
    second=dict(max_epochs=60, val_interval=10, milestones=[40, 52]),
    scratch=dict(max_epochs=180, val_interval=20, milestones=[124, 160]),
)
settings = dict(
    _delete_=True,
    mpii=dict(_base_.settings.mpii, schedules=schedules),
    coco=dict(_base_.settings.coco, schedules=schedules),
)
