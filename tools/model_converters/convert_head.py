#!/usr/bin/env python3
"""Convert models of MMPose's integral heads and of the paper's public code.

    python tools/model_converters/convert_head.py CONFIG CHECKPOINT --out NAME

writes NAME.pth, and beside it NAME.py, the config of the converted model.
What CONFIG is decides what CHECKPOINT is:

- a config with ``IntegralRegressionHead`` or ``DSNTHead``: MMPose's;
- one with ``IntegralHead``: the weights are those of the public code,
  https://github.com/JimmySuen/integral-human-pose.

Convention: no offset changes. All have left-edge grids: bin i of n over S px
is i * S / n, and the centre of a box is the middle of the crop. The flip test
is MMPose's with ``shift_coords=True``: x' = W - 1 - x. Channel k * D + z is
depth bin z of joint k in the public code, too, whose z - 1/2 is ours.

MMPose's ``debias`` is left out. It moves a normalised x by
(x - 1/2) / (C - 1), C the sum of exp(logits): by 0.03 of 256 px at most for
64 x 64 logits of 0. ``beta`` is folded into the last layer. The losses are
those of this package: MMPose's SmoothL1Loss on normalised coordinates is a
squared error.
"""

import re
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import save_checkpoint
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.config import read_config
from integral_mmpose.engine.atomic_backend import ATOMIC
from integral_mmpose.engine.safe_load import load_from_local

HEADS = ('IntegralRegressionHead', 'DSNTHead')
CODECS = ('RegressionLabel', 'IntegralRegressionLabel')
HEAD_KEY = r'(?:simplebaseline_head\.)?((?:deconv_layers|final_layer)\..*)'


def convert_config(cfg: Config) -> Config:
    """The same model with this package's head and codec.

    Raises:
        ValueError: If the head has an option that ``IntegralHead`` lacks.
    """
    theirs, test_cfg = cfg.model.head, cfg.model.get('test_cfg', {})
    deconvolutions = theirs.get('deconv_out_channels', (256, 256, 256)) or ()
    kernels = theirs.get('deconv_kernel_sizes', (4, 4, 4)) or ()
    lacking = dict(
        in_channels=not isinstance(theirs.in_channels, int),
        deconv_kernel_sizes=any(
            k != 4 for k in kernels[: len(deconvolutions)]
        ),
        conv_out_channels=bool(theirs.get('conv_out_channels')),
        final_layer=theirs.get('final_layer', dict(kernel_size=1))
        != dict(kernel_size=1),
        shift_coords=test_cfg.get('flip_test', False)
        and not test_cfg.get('shift_coords', True),
    )
    for option in (name for name, lacks in lacking.items() if lacks):
        value = theirs.get(option, test_cfg.get(option))
        raise ValueError(f'IntegralHead has no {option}={value}')
    cfg = replace_codecs(cfg.copy())
    head = dict(
        type='IntegralHead',
        in_channels=theirs.in_channels,
        out_channels=theirs.num_joints,
        deconv_out_channels=tuple(deconvolutions),
        joint_loss=dict(type='JointL1Loss'),
        readout='integral',
        decoder=cfg.model.head.decoder,
    )
    if theirs.type == 'DSNTHead':
        sigma = theirs.decoder.get('sigma', 2.0)
        head['heatmap_loss'] = dict(type='VolumeJSLoss', sigma=sigma)
    cfg.model.head = head
    cfg.model.test_cfg = dict(flip_test=test_cfg.get('flip_test', False))
    cfg.custom_imports = dict(
        imports=['integral_mmpose'], allow_failed_imports=False
    )
    return cfg


def replace_codecs(node):
    """Put ``IntegralLabel`` in the place of each codec of MMPose's heads."""
    if isinstance(node, list):
        items = enumerate(node)
    else:
        items = node.items() if isinstance(node, dict | Config) else ()
    for key, value in items:
        if isinstance(value, dict) and value.get('type') in CODECS:
            size = value['input_size']
            node[key] = dict(type='IntegralLabel', input_size=size)
        else:
            replace_codecs(value)
    return node


def convert_mmpose(weights: dict, beta: float = 1.0) -> dict:
    """Weights of MMPose's head, ``beta`` folded into the last layer."""
    converted = {}
    for key, value in weights.items():
        if re.fullmatch(r'head\.linspace_[xy]', key):
            continue
        key = re.sub(rf'head\.{HEAD_KEY}', r'head.\1', key)
        if key.startswith('head.final_layer.'):
            value = value * beta
        converted[key] = value
    return converted


def convert_official(weights: dict) -> dict:
    """Weights of the public code, which counts the layers of its head.

    They may be from within ``DataParallel``.
    """
    weights = {k.removeprefix('module.'): v for k, v in weights.items()}
    layer = r'head\.features\.(\d+)\.(.*)'
    found = [re.fullmatch(layer, key) for key in weights]
    last = max((int(match[1]) for match in found if match), default=None)

    def name(match):
        number, rest = match.groups()
        if int(number) == last:
            return f'head.final_layer.{rest}'
        return f'head.deconv_layers.{number}.{rest}'

    return {re.sub(layer, name, key): v for key, v in weights.items()}


def convert(cfg: Config, checkpoint: dict) -> tuple:
    """Convert a config and a checkpoint to this package's form."""
    weights = checkpoint
    for key in ('state_dict', 'network'):
        weights = weights.get(key, weights)
    head = cfg.model.head
    if head.type in HEADS:
        beta = head.get('beta', 1.0)
        cfg, weights = convert_config(cfg), convert_mmpose(weights, beta)
    elif head.type == 'IntegralHead':
        weights = convert_official(weights)
    else:
        raise ValueError(f'the head is {head.type}, not one of {HEADS}')
    try:
        MODELS.build(cfg.model).load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            f'the weights do not fit the config: {error}'
        ) from None
    meta = checkpoint.get('meta', {}).get('dataset_meta')
    return cfg, dict(
        meta=dict(dataset_meta=meta) if meta else {}, state_dict=weights
    )


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', required=True, help='name without suffix')
    args = parser.parse_args()
    out = Path(args.out).expanduser()
    read = [Path(args.config).resolve(), Path(args.checkpoint).resolve()]
    for suffix in ('.pth', '.py'):
        if Path(f'{out}{suffix}').resolve() in read:
            parser.error(f'--out {out}{suffix} is a file that is read')
    register_all_modules()
    cfg = read_config(args.config)
    checkpoint = load_from_local(args.checkpoint, map_location='cpu')
    try:
        cfg, checkpoint = convert(cfg, checkpoint)
    except ValueError as error:
        raise ValueError(f'{args.checkpoint}: {error}') from error
    save_checkpoint(checkpoint, f'{out}.pth', backend_args=ATOMIC)
    cfg.dump(f'{out}.py')
    print(f'{out}.pth and {out}.py are written')


if __name__ == '__main__':
    sys.exit(main())
