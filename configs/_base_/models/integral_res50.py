# I*, 2D: ResNet-50, setting (b) (two deconvolutions: 256 -> 8 -> 16 -> 32)
model = dict(
    type='ChannelsLastPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    head=dict(
        type='IntegralHead',
        in_channels=2048,
        out_channels=16,
        deconv_out_channels=(256, 256),
        joint_loss=dict(type='JointL1Loss'),
        readout='integral',
    ),
    test_cfg=dict(flip_test=False),
)
