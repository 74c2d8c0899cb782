# The model that ships: last stage, four more epochs like those before
_base_ = [
    './i2-joint_mobilenetv2-3deconv_1xb32-6+10+4e_h36m-lsp-mpii-192x192.py'
]

load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6+10+4e_h36m-lsp-mpii-'
    '192x192/epoch_4.pth'
)
