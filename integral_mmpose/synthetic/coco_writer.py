"""Write pictures of several people and detections in COCO's layout."""

from pathlib import Path

import cv2
import numpy as np
from mmengine.fileio import dump

from integral_mmpose.datasets import CocoCheckedDataset

from .figure import seen
from .people import random_person
from .render import Canvas
from .scene import clutter, finish, look_at, write_jpeg

SIZE = (384, 288)
#: mmpose's: names and, 0-based, links.
_JOINTS = CocoCheckedDataset._load_metainfo()
KEYPOINTS = tuple(_JOINTS['keypoint_id2name'].values())
#: 1-based, as in COCO's own files.
SKELETON = [[a + 1, b + 1] for a, b in _JOINTS['skeleton_links']]
#: The body's points; ``neck_base`` is the nose.
COCO_POINTS = (
    'neck_base',
    *(name.replace('ankle', 'foot') for name in KEYPOINTS[1:]),
)
SPLITS = ('train2017', 'val2017')
#: Fewest visible pixels of a person with an annotation.
MIN_AREA = 100


def write_image(root, seed, split, number):
    """Draw a picture of a split, by its number; the id is one more.

    Returns:
        tuple[dict, list[dict]]: The image and its annotations, without ids.
    """
    rng = np.random.default_rng([seed, 20 + SPLITS.index(split), number])
    away = rng.uniform(5, 8)
    camera = look_at(
        np.array([-away, 0, rng.uniform(1, 2)]),
        np.array([0, 0, 0.9]),
        rng.uniform(0.38, 0.5) * away * SIZE[1],
        SIZE,
    )
    spread = np.linspace(-1, 1, rng.integers(2, 5))
    places = [
        (rng.uniform(-0.9, 0.9), 1.1 * s + rng.uniform(-0.3, 0.3))
        for s in spread
    ]
    people = [random_person(rng, place) for place in places]
    canvas = Canvas(camera)
    for owner, person in enumerate(people, 1):
        person.draw(canvas, camera, owner=owner)
    image = finish(canvas.compose(clutter(rng, SIZE)), rng)
    name = f'{number + 1:012d}.jpg'
    write_jpeg(Path(root, split, name), image)
    annotations = [
        _annotation(canvas, person, camera, owner, number + 1)
        for owner, person in enumerate(people, 1)
    ]
    info = dict(id=number + 1, file_name=name, width=SIZE[0], height=SIZE[1])
    return info, [a for a in annotations if a is not None]


def _annotation(canvas, person, camera, owner, image_id):
    mask = canvas.owner == owner
    area = int(mask.sum())
    if area < MIN_AREA:
        return None
    pixels, flags = seen(
        canvas, person.points(camera), COCO_POINTS, camera, owner
    )
    pixels = np.where(flags[:, None] > 0, pixels, 0)
    keypoints = np.concatenate([pixels, flags[:, None]], 1).round(2)
    return dict(
        image_id=image_id,
        category_id=1,
        iscrowd=0,
        area=area,
        bbox=list(cv2.boundingRect(mask.astype(np.uint8))),
        num_keypoints=int((flags > 0).sum()),
        keypoints=keypoints.flatten().tolist(),
    )


def write_annotations(root, split, results):
    """Write the annotations of one split."""
    annotations = [a for _, found in results for a in found]
    for number, annotation in enumerate(annotations, 1):
        annotation['id'] = number
    category = dict(
        id=1,
        name='person',
        supercategory='person',
        keypoints=KEYPOINTS,
        skeleton=SKELETON,
    )
    content = dict(
        info=dict(description='synthetic'),
        licenses=[],
        images=[info for info, _ in results],
        annotations=annotations,
        categories=[category],
    )
    dump(content, Path(root, f'annotations/person_keypoints_{split}.json'))


def write_benchmark(root, seed, train, val):
    """Write detections of val2017: jittered boxes and false positives.

    ``train`` and ``val`` are results of :func:`write_image`.
    """
    rng, found = np.random.default_rng([seed, 29]), []
    for info, annotations in val:
        for annotation in annotations:
            x, y, w, h = annotation['bbox']
            box = rng.normal(0, 0.04, 4) * [w, h, w, h] + [x, y, w, h]
            found.append(_detection(info, box, rng.uniform(0.6, 1.0)))
        for _ in range(rng.integers(0, 3)):
            size = rng.uniform(20, 120, 2)
            place = rng.uniform(0, 1, 2) * (np.array(SIZE) - size)
            box = np.concatenate([place, size])
            found.append(_detection(info, box, rng.uniform(0.05, 0.5)))
    folder = Path(root, 'person_detection_results')
    dump(found, folder / 'COCO_val2017_detections.json')


def _detection(info, box, score):
    return dict(
        image_id=info['id'],
        category_id=1,
        bbox=[round(float(v), 2) for v in box],
        score=round(float(score), 4),
    )
