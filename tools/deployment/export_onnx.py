#!/usr/bin/env python3
r"""Export a pose model to a file that runs without MMPose.

    python tools/deployment/export_onnx.py CONFIG CHECKPOINT --out pose.onnx \
        --verify --images photos/*.jpg

Pixels to joints are one graph with a dynamic batch: normalisation, backbone,
head, softmax, integral. --verify runs the file against the model, prints the
largest differences and the times, and fails above --tolerance.
"""

import os
import sys
from pathlib import Path

# Before torch is imported: idle threads sleep instead of spinning.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import numpy as np
import torch

from integral_mmpose import export as D
from integral_mmpose.apis import TopdownPoseModel, load_pose_model
from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.inference import OnnxPoseModel, read_image

#: Largest difference of --verify, of the input size and the depth range;
#: float16 keeps three digits, so its error is measured more than limited.
TOLERANCE = {False: 1e-4, True: 1e-2}
#: Share of it that float16 may err by in the median crop of noise.
USUAL = 0.25
RANDOM_CROPS = 24
TIMED_BATCH = 8


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument('config', help='pose config')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument('--out', required=True, help='file to write')
    parser.add_argument(
        '--format',
        choices=('onnx', 'torch'),
        default='onnx',
        help='torch: a .pt2 file for torch.export.load',
    )
    parser.add_argument('--opset', type=int, help="default: torch's choice")
    parser.add_argument(
        '--half',
        action='store_true',
        help='network in float16, softmax and integral in float32',
    )
    parser.add_argument('--verify', action='store_true')
    parser.add_argument('--images', nargs='+', help='images for --verify')
    parser.add_argument(
        '--tolerance',
        type=float,
        help='default: 1e-4 of the input size; with --half 1e-2',
    )
    args = parser.parse_args()
    args.out = os.path.expanduser(args.out)
    read = [args.config, args.checkpoint, *(args.images or [])]
    if os.path.realpath(args.out) in map(os.path.realpath, read):
        parser.error(f'--out {args.out} is a file that is read')
    if args.tolerance is None:
        args.tolerance = TOLERANCE[args.half]
    if args.images and not args.verify:
        parser.error('--images is for --verify')
    if args.format == 'torch' and args.opset:
        parser.error('--opset is for --format onnx')
    return args


def export(args, model):
    """Write the file; returns its metadata."""
    graph = D.PoseGraph(model, args.half)
    metadata = D.describe_model(model, Path(args.config).name, args.half)
    if model.test_cfg.get('flip_test'):
        print('note: the flip test of the config is not exported')
    program = D.export_program(graph)
    if args.format == 'torch':
        D.write_torch(program, args.out, metadata)
    else:
        D.write_onnx(program, args.out, metadata, args.opset)
    kind = 'float16' if args.half else 'float32'
    size = Path(args.out).stat().st_size / 1e6
    print(f'{args.out}: {args.format}, {kind}, {size:.1f} MB')
    return metadata


def read_crops(paths, model):
    """Crop every image as one person, as the model's pipeline does."""
    cutter, images = TopdownPoseModel(model), map(read_image, paths)
    return [
        cutter.crop(image, np.float32([0, 0, *image.shape[1::-1]]))['inputs']
        for image in images
    ]


def verify(args, model, metadata) -> bool:
    """Compare the file with the model, print; False above the tolerance."""
    width, height = metadata.input_size
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (RANDOM_CROPS, 3, height, width))
    expected = D.run_model(model)
    actual = open_file(args)
    good = True
    # Rounding moves an expectation little, and an argmax to another mode.
    jumps = args.half and getattr(model.head, 'finds_by_argmax', False)
    kinds = {'random': noise, 'real': read_crops(args.images or [], model)}
    for kind, crops in kinds.items():
        if len(crops) == 0:
            continue
        crops = np.asarray(crops, np.float32)
        found = D.compare(expected, actual, crops, metadata)
        print(f'{len(crops)} {kind} crops: {describe(found)}')
        most = found.most if jumps else found.fraction
        if jumps:
            print(f'{D.MOST:.0%} of the joints: {most:.2g} of the input size')
        if not args.half:
            most = max(most, found.score)
        elif kind == 'random':  # real ones may be too few for a median
            usual = USUAL * args.tolerance
            print(
                f'worst joint, median over crops: {found.usual:.2g} of the '
                f'input size (allowed: {usual:g})'
            )
            good &= found.usual <= usual
        good &= max(most, found.std or 0) <= args.tolerance
    print(f'allowed: {args.tolerance:g} of the input size')
    batch = np.asarray(noise[:TIMED_BATCH], np.float32)
    graph = D.run_module(D.PoseGraph(model))
    torch_ms, file_ms = D.milliseconds((graph, actual), batch)
    print(
        f'batch of {TIMED_BATCH}, CPU, {torch.get_num_threads()} threads: '
        f'torch eager {torch_ms:.1f} ms, {args.format} file {file_ms:.1f} '
        f'ms: {torch_ms / file_ms:.2f} times as fast'
    )
    return good


def describe(found) -> str:
    mm = ''
    if found.mm is not None:
        mm = f', {found.mm:.2g} mm (mean {found.mean_mm:.2g})'
    std = '' if found.std is None else f', standard deviation {found.std:.2g}'
    return (
        f'largest difference {found.px:.2g} px (mean {found.mean_px:.2g}){mm},'
        f' score {found.score:.2g}: {found.fraction:.2g}{std} of the input '
        'size'
    )


def open_file(args):
    """Open the written file as a function of crops."""
    if args.format == 'onnx':
        return OnnxPoseModel(args.out)
    return D.run_module(D.read_torch(args.out)[0])


@reports_errors
def main() -> None:
    args = parse_args()
    model = load_pose_model(args.config, args.checkpoint)
    metadata = export(args, model)
    if args.verify and not verify(args, model, metadata):
        raise ValueError(
            f'{args.out} differs from the model by more than the tolerance'
        )


if __name__ == '__main__':
    sys.exit(main())
