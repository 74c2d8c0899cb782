# Sixth stage of the bundled model. The photographs have depth, too, which
# tools/dataset_converters/add_depth.py fits to the bones and to the model of
# the stage before (lsp_train_depth.json in LSP_ROOT), and a spine, which
# would stay behind: in the middle of pelvis and shoulders
_base_ = [
    './i2-joint_mobilenetv2-3deconv_1xb32-6+10+4+4+12e_h36m-lsp-mpii-192x192.py'
]
from integral_mmpose.config import edit

load_from = (
    'work_dirs/i2-joint_mobilenetv2-3deconv_1xb32-6+10+4+4+12e_h36m-lsp-mpii-'
    '192x192/epoch_12.pth'
)
frames, photographs, clean, pictures = _base_.train_dataloader.dataset.datasets
deep = dict(
    split='train_depth',
    pipeline=edit(
        photographs.pipeline, ConvertJoints=dict(between=[(7, 0, 17)])
    ),
)
sources = [frames, dict(photographs, **deep), dict(clean, **deep), pictures]
train_dataloader = dict(dataset=dict(datasets=sources))
train_cfg = dict(max_epochs=7)
param_scheduler = edit(
    _base_.param_scheduler, CosineAnnealingLR=dict(end=7, T_max=7)
)
