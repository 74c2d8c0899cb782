# The model that ships: last stage, four more epochs like those before. Joints
# are read in a window, as wide as the 8 bins of depth allow: on photographs
# the expectation of the whole map is drawn to other modes
_base_ = [
    './i2-joint_mobilenetv2-3deconv_1xb32-6+10+4e_h36m-lsp-mpii-192x192.py'
]

model = dict(head=dict(readout='local_integral', window=dict(radius=3)))
load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6+10+4e_h36m-lsp-mpii-'
    '192x192/epoch_4.pth'
)
