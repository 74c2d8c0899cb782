# R1, 2D: ResNet-50, average pooling, one linear layer
_base_ = ['./integral_res50.py']

model = dict(
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='DirectRegressionHead',
        in_channels=2048,
        num_joints=16,
        joint_loss=dict(type='JointL1Loss'),
    ),
)
