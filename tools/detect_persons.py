#!/usr/bin/env python3
r"""Run an MMDetection detector over images and write person boxes.

    python tools/detect_persons.py DET_CONFIG DET_CHECKPOINT \
        --images data/coco/val2017 \
        --out data/coco/person_detection_results/COCO_val2017_detections.json

writes the detection file that `bbox_file` of a COCO config reads: a list of
{image_id, category_id: 1, bbox: [left, top, width, height], score}. Killed
and started again with the same arguments, it continues.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

# Before torch is imported: idle threads sleep instead of spinning.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from tqdm import tqdm

from integral_mmpose import apis
from integral_mmpose.command import at_least_one, make_parser, reports_errors
from integral_mmpose.inference import read_image


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument('config', help='MMDetection config')
    parser.add_argument('checkpoint', help='its weights')
    parser.add_argument('--images', required=True, help='folder of images')
    parser.add_argument(
        '--ann',
        default='',
        help='COCO file with the ids and names of the images; without it '
        "every image of the folder, the number in a file's name its id",
    )
    parser.add_argument('--out', required=True, help='JSON file to write')
    parser.add_argument('--batch-size', type=at_least_one, default=1)
    parser.add_argument(
        '--score-thr',
        type=float,
        default=0.05,
        help='lowest score of a box; AP needs the low ones, too',
    )
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    if not 0 <= args.score_thr <= 1:
        parser.error('--score-thr must be in 0..1')
    return args


def settings(args, detector, images) -> dict:
    """Hash what the content of the file depends on (not the device)."""
    config = json.dumps(detector.cfg.to_dict(), sort_keys=True, default=str)
    names = json.dumps([(id_, Path(path).name) for id_, path in images])
    contents = dict(
        config=config.encode(),
        checkpoint=Path(args.checkpoint).read_bytes(),
        images=names.encode(),
    )
    return dict(
        {k: hashlib.sha256(v).hexdigest() for k, v in contents.items()},
        batch_size=args.batch_size,
        score_thr=args.score_thr,
    )


def detect(args, images: list) -> list:
    """Detect in the remaining images; returns the detections of all."""
    if not Path(args.checkpoint).is_file():
        raise FileNotFoundError(f'{args.checkpoint}: no such checkpoint')
    detector = apis.load_detector(args.config, args.checkpoint, args.device)
    people = apis.MMDetector(detector)
    out = apis.DetectionFile(args.out, settings(args, detector, images))
    if out.complete:
        print(f'{args.out} is complete already')
        return out.detections
    starts = range(0, len(images), args.batch_size)
    if out.batches:
        print(f'continuing after batch {len(out.batches)} of {len(starts)}')
    done = len(out.batches)
    for start in tqdm(starts[done:], total=len(starts), initial=done):
        part = images[start : start + args.batch_size]
        pictures = [read_image(path) for _, path in part]
        found = people.detect(pictures, args.score_thr)
        out.append(
            [
                detection
                for (id_, _), boxes in zip(part, found)
                for detection in apis.coco_detections(id_, boxes)
            ]
        )
    out.finish()
    return out.detections


@reports_errors
def main() -> None:
    args = parse_args()
    images = apis.list_coco_images(args.images, args.ann)
    detections = detect(args, images)
    print(f'{len(detections)} boxes in {len(images)} images -> {args.out}')
    empty = len(images) - len({d['image_id'] for d in detections})
    if empty:
        print(f'no person was found in {empty} images', file=sys.stderr)


if __name__ == '__main__':
    sys.exit(main())
