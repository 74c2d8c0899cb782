"""Command line options for models of MMPose and MMDetection."""

import argparse

from integral_mmpose.inference import OnnxPoseModel, PoseInferencer

from .inferencer import IntegralPoseInferencer


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the configs, the checkpoints and the device."""
    group = parser.add_argument_group('models')
    group.add_argument('--config', help='pose config')
    group.add_argument('--checkpoint', help='its weights')
    group.add_argument(
        '--onnx',
        help='instead: ONNX file of tools/deployment/export_onnx.py',
    )
    group.add_argument('--det-config', help='MMDetection config or name')
    group.add_argument('--det-checkpoint', help='its weights')
    group.add_argument('--device', default='cpu')
    group.add_argument(
        '--half', action='store_true', help='network in half precision'
    )


def check_model_options(parser: argparse.ArgumentParser, args) -> None:
    """Exit with a usage error if options contradict each other."""
    if not (args.onnx or args.config and args.checkpoint):
        parser.error('give --config and --checkpoint, or --onnx')
    if args.onnx and (args.config or args.checkpoint or args.half):
        parser.error(
            '--onnx cannot be given with --config, --checkpoint or --half'
        )
    if args.onnx and args.device != 'cpu' and not args.det_config:
        parser.error('--onnx runs on the CPU: --device is for the detector')
    # A detector's name has published weights, a config file has not.
    is_file = str(args.det_config or '').endswith('.py')
    if is_file and not args.det_checkpoint:
        parser.error('--det-config needs --det-checkpoint')
    if args.det_checkpoint and not args.det_config:
        parser.error('--det-checkpoint needs --det-config')


def make_inferencer(args) -> PoseInferencer:
    """Build the inferencer of the options.

    Raises:
        FileNotFoundError, ValueError: If a model cannot be loaded.
    """
    inferencer = IntegralPoseInferencer(
        OnnxPoseModel(args.onnx) if args.onnx else args.config,
        args.checkpoint,
        args.device,
        det_model=args.det_config,
        det_weights=args.det_checkpoint,
        half=args.half,
    )
    return inferencer.inferencer
