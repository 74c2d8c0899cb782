# As small.py, but from a pretrained backbone, as in the paper, and for fewer
# epochs: a ResNet-50 of half the width in BACKBONE_CHECKPOINT, with the weight
# names of MMPose's ResNet.
# Rows with a ResNet-50 only: there is one backbone, none for HourGlass. The
# learning rate is the paper's for its batch of 128, scaled to 32.
_base_ = ['./small.py']

backbone = dict(
    depth=50,
    base_channels=32,
    stem_channels=64,
    style='caffe',
    init_cfg=dict(
        type='Pretrained',
        checkpoint='{{$BACKBONE_CHECKPOINT:data/backbone.pth}}',
    ),
)
start = dict(
    resnets={50: backbone},
    hourglasses={},
    schedules=dict(
        first=dict(max_epochs=12, val_interval=2, milestones=[9, 11]),
        second=dict(max_epochs=6, val_interval=1, milestones=[4, 5]),
        scratch=dict(max_epochs=18, val_interval=2, milestones=[13, 16]),
    ),
    base_batch_size=128,
)
# 4,096 bins should take longer to sharpen than 256; these rows were not run
start_3d = dict(
    start,
    schedules=dict(
        first=dict(max_epochs=12, val_interval=2, milestones=[9, 11]),
        second=dict(max_epochs=12, val_interval=2, milestones=[9, 11]),
        scratch=dict(max_epochs=24, val_interval=12, milestones=[16, 21]),
    ),
)
settings = dict(
    _delete_=True,
    mpii=dict(_base_.settings.mpii, **start),
    h36m=dict(_base_.settings.h36m, **start_3d),
    resolution=dict(_base_.settings.resolution, **start_3d),
)
