# MMPose's own heads under the conditions of the rows at the scale photographs:
# backbone, data (MPII_ROOT), augmentation, 32 epochs from ImageNet, test.
#   python tools/train.py reproduction/peers/simcc.py
_base_ = [
    '../../configs/_base_/schedules/small_9e.py',
    '../../configs/_base_/datasets/mpii_128x128.py',
]
from integral_mmpose.config import edit

train_cfg = dict(max_epochs=32, val_interval=4)
param_scheduler = edit(
    _base_.param_scheduler, MultiStepLR=dict(end=32, milestones=[23, 29])
)
model = dict(
    type='ChannelsLastPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='MobileNetV2',
        out_indices=(7,),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$BACKBONE_CHECKPOINT:data/backbone.pth}}',
        ),
    ),
    test_cfg=dict(flip_test=False),
)
# Deconvolutions of the heads that have some: 16 x 16 cells
deconvolutions = dict(
    deconv_out_channels=(128, 128), deconv_kernel_sizes=(4, 4)
)
train_dataloader = dict(batch_size=32, num_workers=0, persistent_workers=False)
val_dataloader = dict(batch_size=64, num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
