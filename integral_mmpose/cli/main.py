r"""Find people in photographs and videos, in 2D and 3D.

Examples:
  integral-pose photo.jpg                      one person, bundled model
  integral-pose photos/ --detector yolox_nano.onnx --out poses
  integral-pose walk.mp4 --smooth              MP4 and JSON
  integral-pose webcam:0 --show                Esc ends it
  integral-pose web                            a page in the browser

DIR/poses.json has the people of all images, DIR/NAME.json those of a video.
Exit status: 0 done, 1 an input, a model or a value cannot be used, 2 wrong
options, 130 stopped.
"""

import argparse
import sys
from typing import List, Optional

from integral_mmpose.command import make_parser
from integral_mmpose.inference.inferencer import PoseInferencer

from .options import add_run_options, check_options
from .run import run_command


def main(argv: Optional[List[str]] = None) -> int:
    """Run ``integral-pose``; return its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ['web']:
        from .page import serve_page

        return serve_page(argv[1:], add_model_options, make_inferencer)
    parser = make_parser(__doc__, 'integral-pose')
    add_model_options(parser)
    add_run_options(parser)
    args = parser.parse_args(argv)
    check_options(parser, args)
    return run_command(args, lambda: make_inferencer(args))


def make_inferencer(args: argparse.Namespace) -> PoseInferencer:
    """Load the models of the options."""
    return PoseInferencer(args.model, args.detector, flip_test=args.flip_test)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the models."""
    group = parser.add_argument_group('models')
    group.add_argument(
        '--model',
        metavar='FILE.onnx',
        help='pose model (default: the bundled one)',
    )
    group.add_argument(
        '--detector',
        metavar='FILE.onnx',
        help='YOLOX in its official export, for several people',
    )
    group.add_argument(
        '--flip-test',
        action='store_true',
        help='average with the mirrored image: more accurate, twice the time',
    )


if __name__ == '__main__':
    sys.exit(main())
