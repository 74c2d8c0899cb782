"""Command line options, shared with the demos for MMPose's models."""

import argparse
from contextlib import suppress
from pathlib import Path
from typing import List, Tuple, Union

from integral_mmpose.command import at_least_one
from integral_mmpose.files import read_json
from integral_mmpose.inference.box_files import check_boxes
from integral_mmpose.inference.cameras import split_keys
from integral_mmpose.inference.images import MAX_MEGAPIXELS
from integral_mmpose.inference.sources import is_video, list_images
from integral_mmpose.version import __version__


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of inputs, results, boxes, people and videos."""
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='photograph, folder, video, URL, rtsp:// stream, webcam:0',
    )
    group = parser.add_argument_group('results')
    group.add_argument(
        '--out',
        default='poses',
        metavar='DIR',
        help='folder for the results (default: poses)',
    )
    group.add_argument(
        '--json', action='store_true', help='write JSON only, no pictures'
    )
    group.add_argument(
        '--html',
        action='store_true',
        help='also write a rotatable 3D scene of each image',
    )
    group.add_argument(
        '--show', action='store_true', help='show a window; Esc ends it'
    )
    group = parser.add_argument_group('boxes instead of a detector')
    group.add_argument(
        '--boxes',
        metavar='FILE',
        help='JSON: {"name.jpg": [[left, top, right, bottom]]} in px, or a '
        'COCO detection list',
    )
    group.add_argument(
        '--box',
        nargs=4,
        type=float,
        metavar=('LEFT', 'TOP', 'RIGHT', 'BOTTOM'),
        help='the box of one person in every image, px',
    )
    parser.add_argument(
        '--max-megapixels',
        type=float,
        default=MAX_MEGAPIXELS,
        metavar='N',
        help='larger images are refused (default: 100)',
    )
    add_people_options(parser)
    _add_video_options(parser)


def _add_video_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('videos')
    group.add_argument(
        '--video',
        type=rate,
        nargs='?',
        const=30.0,
        metavar='FPS',
        help='treat a folder of images as a video with FPS frames per second '
        '(default: 30)',
    )
    group.add_argument(
        '--smooth', action='store_true', help='one-euro filter over the frames'
    )
    group.add_argument(
        '--max-frames',
        type=at_least_one,
        metavar='N',
        help='stop after N frames',
    )


def rate(text: str) -> float:
    """Frames per second, for argparse."""
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'must be frames per second, got {text}; name inputs before '
            'options'
        ) from error


def fraction(text: str) -> float:
    """A number from 0 to 1, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f'must be from 0 to 1, got {text}')
    return number


def add_people_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of people and cameras."""
    group = parser.add_argument_group('people and camera')
    group.add_argument(
        '--det-threshold',
        type=fraction,
        metavar='SCORE',
        help="lowest score of a box (default: 0.3 for a detector's, 0 for "
        'those of --boxes)',
    )
    group.add_argument(
        '--nms-threshold',
        type=fraction,
        metavar='IOU',
        help="largest overlap of a detector's boxes (default: 0.65)",
    )
    group.add_argument(
        '--fov',
        type=float,
        metavar='DEGREES',
        help='horizontal field of view: gives camera-space mm',
    )
    group.add_argument(
        '--camera',
        metavar='FILE',
        help='instead of --fov: JSON with fx, fy, cx, cy (or K) in px, or '
        'FILE.json#S9/54138969',
    )
    group.add_argument(
        '--root-depth',
        metavar='MM',
        help="depth of the root: 'estimate' (the default), mm, or JSON: "
        '{"name.jpg": [mm of each box]}',
    )
    group.add_argument(
        '--batch-size',
        type=at_least_one,
        default=8,
        metavar='N',
        help='people that go through the network together (default: 8)',
    )
    parser.add_argument(
        '--version', action='version', version=f'%(prog)s {__version__}'
    )


def check_options(parser: argparse.ArgumentParser, args) -> None:
    """Exit with a usage error if options are empty or contradict others."""
    for name, value in vars(args).items():
        if value == '':
            parser.error(f'--{name.replace("_", "-")} is empty')
    if '' in getattr(args, 'inputs', ()):
        parser.error('an input is empty: give a path')
    if args.camera and args.fov is not None:
        parser.error('give --camera or --fov, not both')
    if args.root_depth and not args.camera and args.fov is None:
        parser.error('--root-depth needs --camera or --fov')
    boxes, box = args.boxes, args.box
    if boxes and box:
        parser.error('give --boxes or --box, not both')
    given = vars(args)
    detects = given.get('detector') or given.get('det_config')
    if detects and (boxes or box):
        parser.error('give a detector or boxes, not both')
    if args.nms_threshold is not None and not detects:
        parser.error('--nms-threshold needs a detector')
    if args.det_threshold is not None and not (detects or boxes):
        parser.error('--det-threshold needs a detector or --boxes')
    if box:
        try:
            check_boxes([box], '--box')
        except ValueError:
            parser.error(
                '--box must be LEFT TOP RIGHT BOTTOM in px with left < right '
                f'and top < bottom, got {box}'
            )


def sort_inputs(args) -> Tuple[List[str], List[str]]:
    """Split the inputs into images or folders, and videos."""
    images, videos = [], []
    for text in map(str, args.inputs):
        as_frames = args.video is not None and Path(text).is_dir()
        (videos if as_frames or is_video(text) else images).append(text)
    return images, videos


def check_inputs(args, videos: List[str]) -> None:
    """Raise ValueError for options that fit none of the inputs."""
    if args.smooth and not videos:
        raise ValueError(
            '--smooth needs a video, or a folder of frames and --video'
        )
    if args.max_frames and not videos:
        raise ValueError('--max-frames needs a video')
    names = [Path(video).stem for video in videos]
    twice = next((name for name in names if names.count(name) > 1), None)
    options = stream_options(args)
    named = args.boxes or isinstance(options.get('root_depth'), dict)
    if twice is not None and named:
        raise ValueError(
            f'two videos are called {twice}: --boxes and --root-depth cannot '
            'tell their frames apart. Give them one after the other'
        )
    folders = [text for text in map(str, args.inputs) if Path(text).is_dir()]
    if args.video is not None and not folders:
        raise ValueError('--video needs a folder of frames')
    for folder in folders:
        if Path(folder).resolve() == Path(args.out).resolve():
            list_images(folder, args.out)  # says why not


def stream_options(args) -> dict:
    """Convert options to arguments of :meth:`PoseInferencer.stream`."""
    options = dict(
        boxes=[args.box] if args.box else args.boxes,
        batch_size=args.batch_size,
        bbox_thr=args.det_threshold,
    )
    if args.nms_threshold is not None:
        options['nms_thr'] = args.nms_threshold
    if args.camera or args.fov is not None:
        options['camera'] = args.camera or dict(fov=args.fov)
    if args.root_depth:
        options['root_depth'] = read_depth(args.root_depth)
    return options


def option_files(args) -> list:
    """Return the files that the options name, besides the inputs."""
    given = [args.boxes, args.camera, args.root_depth]
    return [split_keys(str(path))[0] for path in given if path]


def read_depth(text: str) -> Union[str, float, dict]:
    """Parse ``estimate``, a depth in mm, or a JSON file of depths."""
    if text == 'estimate':
        return text
    with suppress(ValueError):
        return float(text)
    try:
        return read_json(text, 'is not a JSON file with mm by image name')
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ValueError(
            f"--root-depth {text}: is neither 'estimate' nor mm nor a JSON "
            f'file ({reason})'
        ) from error
