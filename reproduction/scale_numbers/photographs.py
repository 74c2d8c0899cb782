# Real photographs on two cores: MobileNetV2 trained on ImageNet (the file in
# BACKBONE_CHECKPOINT, with the weight names of MMPose's MobileNetV2), 128 px,
# two or three deconvolutions of 128 channels. Rows with a ResNet-50 of one
# stage, Tables 1 and 2.
_base_ = ['./small.py']

settings = dict(
    _delete_=True,
    mpii=dict(
        _base_.settings.mpii,
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
        hourglasses={},
        synthetic='small',
        # Batch 32. The second stage starts from a trained model: 1e-3 destroys
        # what the first has learned. H rows continue with the same numbers.
        schedules=dict(
            first=dict(
                max_epochs=24, val_interval=4, lr=1e-3, milestones=[17, 22]
            ),
            second=dict(max_epochs=8, val_interval=2, lr=1e-4, milestones=[6]),
            scratch=dict(
                max_epochs=32, val_interval=4, lr=1e-3, milestones=[23, 29]
            ),
        ),
        # Maps that an I row starts from -> factor in its last layer. Those of
        # H1 lie in [0, 1]; those of H2 and H3 are logits already.
        sharpen=dict(h1=20.0),
    ),
)
