"""The demo's config on synthetic data, small: mixed, augmented, seeded."""

from pathlib import Path

from mmengine.runner import Runner

from integral_mmpose.synthetic.generate import Scale, generate
from tests.configs import read_config

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / (
    'configs/body_3d_keypoint/integral/h36m/'
    'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'
)


def make_data(out):
    """16 Human3.6M frames and 16 MPII people."""
    generate(out, 0, Scale(1, 1, 1, (8, 4), (16, 2)), 1, lambda line: None)
    return out


def small_config(data, work_dir, options=None):
    """An eighth of the width; half Human3.6M, half MPII in every batch."""
    cfg = read_config(CONFIG)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = str(work_dir).replace('/', '_')
    cfg.visualizer.name = cfg.experiment_name
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=3)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        for source in loader.dataset.get('datasets', [loader.dataset]):
            kind = 'h36m' if 'H36M' in source.type else 'mpii'
            source.data_root = str(data / kind)
    cfg.merge_from_dict(
        {
            'train_dataloader.batch_size': 4,
            'model.backbone.base_channels': 8,
            'model.head.in_channels': 64,
            'model.head.deconv_out_channels': (16, 16),
            **(options or {}),
        }
    )
    return cfg


def only_train(cfg, steps):
    """Without validations and checkpoints; the schedule warms up alone."""
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=steps)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = None
    cfg.param_scheduler = cfg.param_scheduler[:1]
    return cfg


def train(cfg):
    """The finished runner; its log file is closed."""
    runner = Runner.from_cfg(cfg)
    runner.train()
    for handler in list(runner.logger.handlers):
        handler.close()
        runner.logger.removeHandler(handler)
    return runner
