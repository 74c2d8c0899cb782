r"""Images -> people in 2D or 3D: JSON and pictures.

    python demo/image_to_pose.py photo.jpg --config C --checkpoint W --out DIR
    python demo/image_to_pose.py photo.jpg --onnx FILE --out DIR

Person boxes come from an MMDetection model (--det-config, --det-checkpoint),
from a JSON file (--boxes), or the whole image is taken as one person. With a
camera (--camera or --fov) the joints also get camera-space mm.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from integral_mmpose.apis import UNITS, list_images, read_image
from integral_mmpose.apis.camera import CameraReader
from integral_mmpose.apis.command_line import (
    add_options,
    call_options,
    check_options,
    end_by_signal,
    make_inferencer,
)
from integral_mmpose.apis.growing import GrowingJson
from integral_mmpose.apis.heat_pictures import check_joints, heat_pictures
from integral_mmpose.visualization import (
    place_people,
    pose_figure,
    save_contact_sheet,
    save_html,
    skeleton_from_metainfo,
)


def parse_args() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('images', nargs='+', help='images, folders or URLs')
    parser.add_argument(
        '--boxes', help='JSON: {"name.jpg": [[left, top, right, bottom]]}'
    )
    parser.add_argument(
        '--heatmaps',
        nargs='*',
        metavar='JOINT',
        help='also draw the heat vectors of these joints (of all if none)',
    )
    parser.add_argument(
        '--html',
        action='store_true',
        help='also write a 3D scene per image that turns under the mouse',
    )
    parser.add_argument(
        '--no-pictures', action='store_true', help='write poses.json only'
    )
    add_options(parser)
    args = parser.parse_args()
    check_options(parser, args)
    if args.det_config and args.boxes:
        parser.error('give a detector or --boxes, not both')
    if args.onnx and args.heatmaps is not None:
        parser.error('--heatmaps needs --config and --checkpoint')
    return args


def draw_heat(
    args, inferencer, images: list, results: dict, stems: dict
) -> None:
    """A sheet of heat vectors for each person; no image is replaced."""
    out, read = Path(args.out), set(map(os.path.realpath, images))
    tight = bool(args.det_config or args.boxes)
    camera = call_options(args).get('camera')
    reader = CameraReader(camera) if camera else None
    number = 0
    for name, people in results.items():
        image = read_image(name) if people else None
        for person in people:
            size = None
            if reader is not None:  # the depth range of the pose itself
                focal = reader.of(image).focal.mean()
                size = float(person['root_depth_mm'] / focal)
            pictures = heat_pictures(
                inferencer.pose_model,
                image,
                person['bbox'],
                tight,
                args.heatmaps or None,
                size,
            )
            while True:
                path = out / f'heatmaps_{stems[name]}_{number}.png'
                number += 1
                if os.path.realpath(path) not in read:
                    break
            save_contact_sheet(pictures, str(path), columns=3)


def draw_html(inferencer, results: dict, stems: dict, out: Path) -> None:
    """A 3D scene for each image with people."""
    meta = inferencer.pose_model.dataset_meta
    for name, people in results.items():
        if people:
            figure = pose_figure(
                place_people(people),
                skeleton_from_metainfo(meta),
                list(meta['keypoint_id2name'].values()),
                [person['keypoint_scores'] for person in people],
            )
            save_html(figure, str(out / f'{stems[name]}.html'))


def check_not_read(args, poses: Path) -> None:
    """Raise ValueError if the results would replace boxes or a camera."""
    for option in ('boxes', 'camera', 'root_depth'):
        given = str(getattr(args, option) or '').split('#')[0]
        if given and os.path.realpath(given) == os.path.realpath(poses):
            raise ValueError(
                f'{poses} is read as --{option.replace("_", "-")} and would '
                'be replaced by the results: give another --out'
            )


def finish(growing: GrowingJson, names: list, failed: dict) -> None:
    """Make poses.json of the images that were done."""
    head = dict(keypoint_names=names, units=UNITS, failed=failed)
    growing.finish(
        json.dumps(head)[:-1] + ', "images": {',
        '}}',
        lambda line: line.strip()[1:-1],
    )


def process(args, out: Path) -> tuple:
    """Write everything; returns people and errors by image."""
    inferencer = make_inferencer(args)
    if args.html and inferencer.pose_model.depth_range_mm is None:
        raise ValueError('--html needs a 3D model, this one is 2D')
    names = check_joints(inferencer.pose_model, args.heatmaps)
    poses = out / 'poses.json'
    check_not_read(args, poses)
    no_pictures = args.no_pictures and args.heatmaps is None
    images = list_images(args.images, '' if no_pictures else args.out)
    results, stems, stopped = {}, {}, False
    growing = GrowingJson(poses)
    try:
        for result in inferencer(
            images,
            boxes=args.boxes,
            vis_out_dir='' if args.no_pictures else str(out),
            **call_options(args),
        ):
            if not result['errors'][0]:
                name = result['names'][0]
                results[name] = result['predictions'][0]
                stems[name] = result['stems'][0]
                growing.add({name: results[name]})
    except KeyboardInterrupt:
        stopped = True
    except BaseException:
        if growing.count:  # what is done is kept
            finish(growing, names, inferencer.failed)
        raise
    finish(growing, names, inferencer.failed)
    if stopped:
        raise KeyboardInterrupt(f'{len(results)} of {len(images)} images')
    if args.heatmaps is not None:
        draw_heat(args, inferencer, images, results, stems)
    if args.html:
        draw_html(inferencer, results, stems, out)
    return results, inferencer.failed


def main() -> int:
    """Run over the images; 1 if one of them failed."""
    args = parse_args()
    end_by_signal()
    out = Path(args.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        results, failed = process(args, out)
    except (ValueError, OSError, ImportError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f'stopped: {stop} are in {out}', file=sys.stderr)
        return 130
    counts = sum(map(len, results.values()))
    print(f'{counts} people in {len(results)} images -> {out}')
    for path, people in results.items():
        if not people:
            print(f'warning: no person found in {path}', file=sys.stderr)
    for error in failed.values():
        print(f'error: {error}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
