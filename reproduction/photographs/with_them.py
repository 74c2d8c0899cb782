# A 3D model trained with photographs: two epochs of the first stage of the
# bundled model. without_them.py is the control: same start, same steps.
#   python tools/train.py reproduction/photographs/with_them.py
_base_ = [
    '../../configs/body_3d_keypoint/integral/h36m/'
    'i2-joint_mobilenetv2-3deconv_1xb32-6e_h36m-lsp-mpii-128x128.py'
]
from integral_mmpose.config import edit

train_cfg = dict(max_epochs=2)
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=2, T_max=2)
)
