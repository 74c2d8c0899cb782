# As small.py, but from a backbone that has seen photographs, as the paper's
# rows are, and for fewer epochs: a ResNet-50 of half the width in
# BACKBONE_CHECKPOINT (tools/model_converters/resnet_from_onnx.py makes one).
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
    schedules=dict(first='small_12e', second='small_6e', scratch='small_18e'),
    base_batch_size=128,
)
# 4,096 bins should take longer to sharpen than 256; these rows were not run
start_3d = dict(
    start,
    schedules=dict(first='small_12e', second='small_12e', scratch='small_24e'),
)
settings = dict(
    _delete_=True,
    mpii=dict(_base_.settings.mpii, **start),
    h36m=dict(_base_.settings.h36m, **start_3d),
    resolution=dict(_base_.settings.resolution, **start_3d),
)
