#!/usr/bin/env python3
"""Multiply-adds and parameters of the models of config files, as a table.

Counted by torch's FlopCounterMode on one image of the config's input size
(a multiply-add is two of its FLOPs): convolutions, transposed convolutions
and linear layers, as in the paper. MMPose's own tool, on mmengine's counter,
adds normalisation and the rest.
"""

import os
import sys
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.config import read_config


class Complexity(NamedTuple):
    """``multiply_adds`` of one image, and ``parameters``."""

    multiply_adds: int
    parameters: int


def complexity(config: Config) -> Complexity:
    """Count multiply-adds and parameters of the model of a config."""
    init_default_scope(config.get('default_scope', 'mmpose'))
    width, height = config.codec.input_size
    counter = FlopCounterMode(display=False)
    with torch.device('meta'):  # sizes are enough: nothing is computed
        model = MODELS.build(config.model).eval()
        image = torch.zeros(1, 3, height, width)
    with torch.no_grad(), counter:
        model(image, None, mode='tensor')
    return Complexity(
        counter.get_total_flops() // 2,
        sum(parameter.numel() for parameter in model.parameters()),
    )


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('configs', nargs='+', help='config files')
    args = parser.parse_args()
    print('| config | input | multiply-adds (G) | parameters (M) |')
    print('|---|---|---|---|')
    for path in args.configs:
        if not os.path.isfile(path):
            parser.error(f'{path}: no such config file')
        config = read_config(path)
        if 'input_size' not in config.get('codec', {}):
            parser.error(f'{path}: it has no codec with an input_size')
        width, height = config.codec.input_size
        counted = complexity(config)
        print(
            f'| {os.path.splitext(os.path.basename(path))[0]} '
            f'| {width} x {height} | {counted.multiply_adds / 1e9:.2f} '
            f'| {counted.parameters / 1e6:.1f} |',
            flush=True,
        )


if __name__ == '__main__':
    sys.exit(main())
