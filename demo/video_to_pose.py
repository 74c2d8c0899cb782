r"""A video or a webcam -> people in 2D or 3D: MP4 and JSON.

    python demo/video_to_pose.py walk.mp4 --config C --checkpoint W --out DIR
    python demo/video_to_pose.py webcam:0 --config C --checkpoint W --out DIR

Ctrl-C ends a webcam's recording; what was written so far is complete.
"""

import argparse
import sys

import cv2

from integral_mmpose.apis.command_line import (
    add_options,
    call_options,
    check_options,
    end_by_signal,
    make_inferencer,
)


def parse_args() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('video', help='file, URL, webcam or webcam:NUMBER')
    parser.add_argument(
        '--box',
        nargs=4,
        type=float,
        metavar=('LEFT', 'TOP', 'RIGHT', 'BOTTOM'),
        help='the box of one person in every frame, px',
    )
    parser.add_argument(
        '--smooth', action='store_true', help='one-euro filter over the frames'
    )
    parser.add_argument('--max-frames', type=int, help='stop after so many')
    parser.add_argument(
        '--show', action='store_true', help='show a window; Esc ends it'
    )
    add_options(parser)
    args = parser.parse_args()
    check_options(parser, args)
    if args.det_config and args.box:
        parser.error('give a detector or --box, not both')
    return args


def process(args) -> tuple:
    """Write the results; the numbers of frames, people and the errors."""
    errors = []
    results = make_inferencer(args)(
        args.video,
        boxes=[args.box] if args.box else None,
        smooth='one_euro' if args.smooth else None,
        return_vis=True,
        vis_out_dir=args.out,
        pred_out_dir=args.out,
        **call_options(args),
    )
    frames = people = 0
    try:
        for result in results:
            frames += 1
            people += len(result['predictions'][0])
            errors += filter(None, result['errors'])
            if args.show and _closed(result['visualization'][0]):
                break
            if frames == args.max_frames:
                break
    except KeyboardInterrupt:
        print('stopped')
    finally:
        results.close()
    return frames, people, errors


def _closed(picture) -> bool:
    """Show a picture; whether the user pressed Esc."""
    cv2.imshow('poses', picture[..., ::-1])
    return cv2.waitKey(1) & 0xFF == 27


def main() -> int:
    """Run; 1 after an error that the user can mend, or a frame's."""
    args = parse_args()
    end_by_signal()
    try:
        frames, people, errors = process(args)
    except (ValueError, OSError, ImportError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f'{people} people in {frames} frames -> {args.out}')
    if errors:
        print(
            f'error: {len(errors)} of {frames} frames: {errors[0]}',
            file=sys.stderr,
        )
    elif not frames:
        print(f'error: {args.video}: no frame was read', file=sys.stderr)
    return 1 if errors or not frames else 0


if __name__ == '__main__':
    sys.exit(main())
