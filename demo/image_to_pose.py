"""Images -> people in 2D or 3D: JSON and pictures.

    python demo/image_to_pose.py photo.jpg --config C --checkpoint W --out DIR

Person boxes come from an MMDetection model (--det-config, --det-checkpoint),
from a JSON file (--boxes), or the whole image is taken as one person.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from mmengine.utils import ProgressBar

from integral_mmpose.apis import (
    detect_persons,
    estimate_poses,
    load_boxes,
    load_detector,
    load_pose_model,
    poses_to_json,
    read_image,
)
from integral_mmpose.visualization import (
    draw_panel,
    save_contact_sheet,
    skeleton_from_metainfo,
)

IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff'}


def parse_args() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('images', nargs='+', help='images or folders')
    parser.add_argument('--config', required=True, help='pose config')
    parser.add_argument('--checkpoint', required=True, help='its weights')
    parser.add_argument('--det-config', help='MMDetection config')
    parser.add_argument('--det-checkpoint', help='its weights')
    parser.add_argument('--det-threshold', type=float, default=0.3)
    parser.add_argument(
        '--boxes', help='JSON: {"name.jpg": [[left, top, right, bottom]]}'
    )
    parser.add_argument('--out', required=True, help='folder for the results')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    if bool(args.det_config) != bool(args.det_checkpoint):
        parser.error('--det-config and --det-checkpoint go together')
    if args.det_config and args.boxes:
        parser.error('give a detector or --boxes, not both')
    return args


def list_images(paths) -> list:
    """Files as they are; of folders every image, by name."""
    images = []
    for path in map(Path, paths):
        if path.is_dir():
            images += sorted(
                p
                for p in path.rglob('*')
                if p.suffix.lower() in IMAGE_SUFFIXES
            )
        else:
            images.append(path)
    return images


def find_boxes(args, detector, boxes, path, image):
    """Boxes of one image, or None for the whole image."""
    if detector is not None:
        return detect_persons(detector, image, args.det_threshold)
    if boxes is not None:
        if path.name not in boxes:
            raise ValueError(f'{args.boxes}: no entry for {path.name}')
        return boxes[path.name]
    return None


def draw(image, people, skeleton, out: Path) -> None:
    """Write one panel per person below each other, or the bare image."""
    rgb = np.ascontiguousarray(image[..., ::-1])
    panels = [
        draw_panel(
            rgb,
            np.array(person['keypoints']),
            np.array(person['keypoints_mm'])
            if 'keypoints_mm' in person
            else None,
            skeleton,
            scores=np.array(person['keypoint_scores']),
            score_thr=0.0,
        )
        for person in people
    ]
    save_contact_sheet(panels or [rgb], str(out))


def picture_name(path: Path, used: set) -> str:
    """A file name for the picture that no other image has taken."""
    name, number = f'{path.stem}.png', 1
    while name in used:
        number += 1
        name = f'{path.stem}_{number}.png'
    used.add(name)
    return name


def load_models(args) -> tuple:
    """The pose model, and the detector or None."""
    model = load_pose_model(args.config, args.checkpoint, args.device)
    if not args.det_config:
        return model, None
    return model, load_detector(
        args.det_config, args.det_checkpoint, device=args.device
    )


def process(args, model, detector, out: Path) -> tuple:
    """Poses by image, and errors by image: a bad file stops nothing."""
    boxes = load_boxes(args.boxes) if args.boxes else None
    skeleton = skeleton_from_metainfo(model.dataset_meta)
    depth_range_mm = getattr(model.head.decoder, 'depth_range_mm', None)
    results, failed, used = {}, {}, set()
    images = list_images(args.images)
    bar = ProgressBar(len(images))
    for path in images:
        try:
            image = read_image(path)
            found = find_boxes(args, detector, boxes, path, image)
            people = poses_to_json(
                estimate_poses(model, image, found), depth_range_mm
            )
            draw(image, people, skeleton, out / picture_name(path, used))
            results[str(path)] = people
        except (ValueError, OSError) as error:
            failed[str(path)] = str(error)
        bar.update()
    return results, failed


def main() -> int:
    """Run over the images; 1 if one of them failed."""
    args = parse_args()
    try:
        model, detector = load_models(args)
        out = Path(args.out)
        out.mkdir(parents=True, exist_ok=True)
        results, failed = process(args, model, detector, out)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    content = dict(
        keypoint_names=list(model.dataset_meta['keypoint_id2name'].values()),
        units='keypoints: image px; keypoints_mm: weak perspective, x right, '
        'y down, z forward, root at 0',
        images=results,
        failed=failed,
    )
    (out / 'poses.json').write_text(json.dumps(content))
    counts = sum(map(len, results.values()))
    print(f'\n{counts} people in {len(results)} images -> {out}')
    for path, people in results.items():
        if not people:
            print(f'warning: no person found in {path}', file=sys.stderr)
    for error in failed.values():
        print(f'error: {error}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
