r"""People of photographs and videos by MMPose's and MMDetection's models.

    python demo/image_to_pose.py photo.jpg --config C --checkpoint W --out DIR
    python demo/image_to_pose.py walk.mp4 --onnx FILE --smooth --out DIR

It is the command integral-pose with other models. Person boxes come from an
MMDetection model (--det-config, --det-checkpoint), from a file (--boxes), or
the whole image is taken as one person. With a camera (--camera or --fov) the
joints also get camera-space mm.
"""

import argparse
import sys
from itertools import count
from pathlib import Path

from integral_mmpose.apis import check_joints, heat_pictures
from integral_mmpose.apis.options import (
    add_model_options,
    check_model_options,
    make_inferencer,
)
from integral_mmpose.cli.options import (
    add_run_options,
    check_options,
    stream_options,
)
from integral_mmpose.cli.run import run_command
from integral_mmpose.command import make_parser
from integral_mmpose.inference import CameraReader
from integral_mmpose.inference.results import FreeNames
from integral_mmpose.visualization import save_contact_sheet


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add_model_options(parser)
    add_run_options(parser)
    parser.add_argument(
        '--heatmaps',
        nargs='*',
        metavar='JOINT',
        help='also draw the heat vectors of these joints (of all if none)',
    )
    args = parser.parse_args()
    check_options(parser, args)
    check_model_options(parser, args)
    if args.onnx and args.heatmaps is not None:
        parser.error('--heatmaps needs --config and --checkpoint')
    return args


class HeatSheets:
    """A sheet of heat vectors for each person; replaces no input."""

    def __init__(self, args) -> None:
        self.out, self.joints = Path(args.out), args.heatmaps or None
        self.names, self.numbers = FreeNames(args.inputs), count()
        camera = stream_options(args).get('camera')
        self.camera = CameraReader(camera) if camera else None

    def __call__(self, infer, result, stem: str) -> None:
        for person in result.people:
            mm_per_px = None
            if self.camera is not None:  # the depth range of the pose itself
                focal = self.camera.camera_of(result.image).focal.mean()
                mm_per_px = float(person.root_depth_mm / focal)
            pictures = heat_pictures(
                infer.model,
                result.image,
                person.box,
                self.joints,
                mm_per_px,
            )
            name = f'heatmaps_{stem}_{next(self.numbers)}.png'
            name = self.names.stem(name, [(str(self.out), '.png')]) + '.png'
            save_contact_sheet(pictures, str(self.out / name), columns=3)


def load(args):
    """Load the inferencer and check the names of joints."""
    infer = make_inferencer(args)
    check_joints(infer.model, args.heatmaps)
    return infer


def main() -> int:
    """Return 1 if an input failed."""
    args = parse_args()
    sheets = None if args.heatmaps is None else HeatSheets(args)
    return run_command(args, lambda: load(args), sheets)


if __name__ == '__main__':
    sys.exit(main())
