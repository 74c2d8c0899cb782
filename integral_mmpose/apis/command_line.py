"""The options that the demos share, and the inferencer that they make."""

import argparse
import json
import signal
from pathlib import Path
from typing import Union

from .images import MAX_MEGAPIXELS
from .inferencer import IntegralPoseInferencer
from .pose_model import onnx_pose_model


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of models, boxes, cameras and results to a parser."""
    add_model_options(parser)
    parser.add_argument('--out', required=True, help='folder for the results')


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of models, boxes and cameras to a parser."""
    parser.add_argument('--config', help='pose config')
    parser.add_argument('--checkpoint', help='its weights')
    parser.add_argument(
        '--onnx',
        help='instead of both: a file of tools/deployment/export_onnx.py',
    )
    parser.add_argument('--det-config', help='MMDetection config or name')
    parser.add_argument('--det-checkpoint', help='its weights')
    parser.add_argument(
        '--det-threshold', type=float, default=0.3, help='lowest box score'
    )
    parser.add_argument(
        '--nms-threshold',
        type=float,
        default=0.65,
        help='largest overlap (IoU) of two boxes',
    )
    parser.add_argument(
        '--max-megapixels',
        type=float,
        default=MAX_MEGAPIXELS,
        help='larger images are refused',
    )
    parser.add_argument('--device', default='cpu')
    parser.add_argument(
        '--half', action='store_true', help='network in half precision'
    )
    parser.add_argument(
        '--batch-size', type=int, default=8, help='people in a batch'
    )
    parser.add_argument(
        '--camera',
        help='JSON with fx, fy, cx, cy (or K) in px, or FILE.json#S9/54138969',
    )
    parser.add_argument(
        '--fov', type=float, help='instead: horizontal field of view, degrees'
    )
    parser.add_argument(
        '--root-depth',
        help="'estimate' (the default), mm, or JSON with mm by image name",
    )


def check_options(parser: argparse.ArgumentParser, args) -> None:
    """End with a usage error where options contradict each other."""
    if not (args.onnx or args.config and args.checkpoint):
        parser.error('give --config and --checkpoint, or --onnx')
    if args.onnx and (args.config or args.checkpoint or args.half):
        parser.error('--onnx goes without --config, --checkpoint and --half')
    if args.onnx and args.device != 'cpu' and not args.det_config:
        parser.error('--onnx runs on the CPU: --device is for the detector')
    # A detector's name has published weights, a config file has not.
    is_file = str(args.det_config or '').endswith('.py')
    if is_file and not args.det_checkpoint:
        parser.error('--det-config needs --det-checkpoint')
    if args.det_checkpoint and not args.det_config:
        parser.error('--det-checkpoint needs --det-config')
    if args.camera and args.fov is not None:
        parser.error('give --camera or --fov, not both')
    if args.root_depth and not args.camera and args.fov is None:
        parser.error('--root-depth needs --camera or --fov')


def end_by_signal() -> None:
    """Let SIGTERM end a run as Ctrl-C does: what is done is kept."""

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


def make_inferencer(args, **kwargs) -> IntegralPoseInferencer:
    """The inferencer of the options, by default with a progress bar."""
    kwargs.setdefault('show_progress', True)
    return IntegralPoseInferencer(
        onnx_pose_model(args.onnx) if args.onnx else args.config,
        args.checkpoint,
        args.device,
        det_model=args.det_config,
        det_weights=args.det_checkpoint,
        half=args.half,
        **kwargs,
    )


def call_options(args) -> dict:
    """Arguments of the inferencer's call that the options give."""
    options = dict(
        batch_size=args.batch_size,
        bbox_thr=args.det_threshold,
        nms_thr=args.nms_threshold,
        max_megapixels=args.max_megapixels,
    )
    if args.camera or args.fov is not None:
        options['camera'] = args.camera or dict(fov=args.fov)
    if args.root_depth:
        options['root_depth'] = read_depth(args.root_depth)
    return options


def read_depth(text: str) -> Union[str, float, dict]:
    """``estimate``, mm, or a JSON file of mm by image name.

    Raises:
        ValueError: If it is none of them.
    """
    if text == 'estimate':
        return text
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return json.loads(Path(text).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--root-depth {text}: is neither 'estimate' nor mm nor a JSON "
            f'file ({error})'
        ) from error
