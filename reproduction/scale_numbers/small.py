# Two cores, 3 to 100 minutes a row: numbers only. A scale changes sizes,
# widths, schedule and the amount of data, never heads, losses, codecs,
# samplers or metrics; reproduction/scales.py applies it to the configs
# of the paper's scale.
base = dict(
    # px of the input at the paper's scale -> here
    inputs={256: 128, 128: 64},
    # depth of the ResNet -> arguments of the narrow one, from scratch
    resnets={
        18: dict(depth=18, base_channels=8, stem_channels=8),
        50: dict(depth=18, base_channels=16, stem_channels=16),
        101: dict(depth=34, base_channels=16, stem_channels=16),
    },
    # channels of HourGlass
    hourglasses={256: 64},
    # number of deconvolutions -> channels of each
    deconvs={2: (128, 128), 3: (128, 128, 128)},
    # bins along z -> here; 1 is 2D
    depths={64: 32, 32: 16, 16: 8, 1: 1},
    train_loader=dict(batch_size=32, num_workers=0, persistent_workers=False),
    val_loader=dict(batch_size=64, num_workers=0, persistent_workers=False),
    # Epochs and their steps of x 0.1; a chain has the
    # first of (first half, second half), a row from scratch the sum
    schedules=dict(
        first=dict(max_epochs=30, val_interval=5, milestones=[21, 27]),
        second=dict(max_epochs=15, val_interval=5, milestones=[10, 13]),
        scratch=dict(max_epochs=45, val_interval=5, milestones=[31, 40]),
    ),
    # amount of data of make_synthetic.py
    synthetic='tiny',
    # the batch that the learning rate is for
    base_batch_size=32,
)
# 4,096 bins take longer than 256: 48 + 24 epochs
slow_3d = dict(
    base,
    inputs={256: 64},
    depths={64: 16, 1: 1},
    val_loader=dict(num_workers=0, persistent_workers=False),
    schedules=dict(
        first=dict(max_epochs=48, val_interval=12, milestones=[32, 43]),
        second=dict(max_epochs=24, val_interval=12, milestones=[16, 21]),
        scratch=dict(max_epochs=72, val_interval=12, milestones=[48, 64]),
    ),
)
# A step of Strategy 2 holds half as many 3D frames, so its epoch has twice the
# steps of Strategy 1's: the control has its epochs twice.
doubled = dict(
    first=dict(max_epochs=96, val_interval=24, milestones=[64, 86]),
    second=dict(max_epochs=48, val_interval=24, milestones=[32, 42]),
    scratch=dict(max_epochs=144, val_interval=24, milestones=[96, 128]),
)
settings = dict(
    mpii=base,
    coco=dict(
        base,
        resnets={101: base['resnets'][50]},
        deconvs={3: (128, 128)},
        synthetic='small',
    ),
    # a quarter of the input, as in the paper: 16 x 16 x 16 bins
    h36m=dict(slow_3d, deconvs={3: (64, 64, 64)}),
    h36m_double=dict(slow_3d, deconvs={3: (64, 64, 64)}, schedules=doubled),
    # 64 px are the least that four halvings of a quarter leave
    hourglass=slow_3d,
    # volumes of up to 32 x 32 x 32 bins: (a) takes 100 minutes a row
    resolution=dict(
        slow_3d,
        inputs=base['inputs'],
        depths=base['depths'],
        deconvs={2: (64, 64), 3: (64, 64, 64)},
    ),
)
