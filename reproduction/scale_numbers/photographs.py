# As scratch.py, from MobileNetV2 trained on ImageNet (the file in
# BACKBONE_CHECKPOINT, with the weight names of MMPose's MobileNetV2), 128 px,
# two or three deconvolutions of 128 channels. Rows with a ResNet-50 of one
# stage, Tables 1 and 2.
_base_ = ['./scratch.py']

settings = dict(
    mpii=dict(
        # stands for the ResNet of this depth
        backbones={
            50: dict(
                type='MobileNetV2',
                out_indices=(7,),
                init_cfg=dict(
                    type='Pretrained',
                    checkpoint='{{$BACKBONE_CHECKPOINT:data/backbone.pth}}',
                ),
            )
        },
        features=1280,
        hourglasses=dict(_delete_=True),
        synthetic='small',
    ),
)
