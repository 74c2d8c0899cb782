"""The embedded COCO: two to four people who hide one another.

Writes ``person_keypoints_*.json`` with instances, flags and areas, and a
detection file with jittered boxes, misses and false positives.
"""
import json
from pathlib import Path

import cv2
import numpy as np

from .crowd import picture, sample_camera, sample_person
from .figure import seen
from .h36m import JPEG

NUM_IMAGES = dict(tiny=(200, 60), small=(1000, 300), full=(4000, 1200))
SPLITS = ('train2017', 'val2017')
CHUNK = 20
KEYPOINTS = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear',
             'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
             'left_wrist', 'right_wrist', 'left_hip', 'right_hip',
             'left_knee', 'right_knee', 'left_ankle', 'right_ankle')
POINTS = tuple({'nose': 'neck_base'}.get(k, k.replace('ankle', 'foot'))
               for k in KEYPOINTS)
SKELETON = ((16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12),
            (7, 13), (6, 7), (6, 8), (7, 9), (8, 10), (9, 11), (2, 3),
            (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7))
MIN_PIXELS = 60     # a person who shows less is left unlabelled
APART = 0.55        # metres between people
MISS_SHARE, FALSE_POSITIVES = 0.03, 3


def tasks(out, seed, scale):
    """Arguments of :func:`render_chunk`, ``CHUNK`` images each."""
    return [(str(out), seed, split, start, min(start + CHUNK, count))
            for split, count in enumerate(NUM_IMAGES[scale])
            for start in range(0, count, CHUNK)]


def sample_scene(rng):
    """Draw one image.

    Returns:
        tuple: image (h, w, 3) uint8, canvas, camera, people.
    """
    size = tuple(int(v) for v in rng.integers((288, 224), (321, 289)))
    places = []
    for _ in range(rng.integers(2, 5)):
        spot = rng.uniform((-0.8, -1.5), (2.2, 1.5))
        while any(np.hypot(*(spot - p)) < APART for p in places):
            spot = rng.uniform((-0.8, -1.5), (2.2, 1.5))
        places.append(spot)
    people = [sample_person(rng, spot) for spot in places]
    camera = sample_camera(rng, rng.uniform(100, 190), size)
    camera = camera.shifted(rng.uniform(-0.08, 0.08, 2) * size)
    return *picture(rng, camera, people), camera, people


def annotate(canvas, camera, person, mark):
    """One person's COCO entry without ids."""
    pixels, flags = seen(canvas, person.points(camera), POINTS, camera, mark)
    mask = (canvas.owner == mark).astype(np.uint8)
    area = int(mask.sum())
    if area < MIN_PIXELS:
        flags[:] = 0
    box = cv2.boundingRect(mask)
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL,
                                cv2.CHAIN_APPROX_SIMPLE)[0]
    keypoints = [v for (x, y), flag in zip(pixels, flags) for v in
                 ((round(float(x), 2), round(float(y), 2), int(flag))
                  if flag else (0, 0, 0))]
    return dict(category_id=1, iscrowd=0, area=area, keypoints=keypoints,
                bbox=[float(v) for v in box],
                num_keypoints=int((flags > 0).sum()),
                segmentation=[c.ravel().tolist() for c in contours
                              if len(c) > 2])


def render_chunk(out, seed, split, start, stop):
    """Write images start to stop of a split.

    Returns:
        list[tuple]: Per image: split, image entry, annotations, detections.
    """
    folder = Path(out) / SPLITS[split]
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(start, stop):
        rng = np.random.default_rng([seed, 20, split, i])
        image, canvas, camera, people = sample_scene(rng)
        image_id = 100000 * split + i + 1
        name = f'{image_id:012d}.jpg'
        cv2.imwrite(str(folder / name), image, JPEG)
        entries = [annotate(canvas, camera, person, mark)
                   for mark, person in enumerate(people, 1)]
        entries = [dict(e, id=10 * image_id + k, image_id=image_id)
                   for k, e in enumerate(entries) if e['area'] > 0]
        info = dict(id=image_id, file_name=name, width=camera.size[0],
                    height=camera.size[1])
        rows.append((split, info, entries,
                     _detections(rng, info, entries)))
    return rows


def _detections(rng, info, entries):
    """A person detector's boxes: jittered, a few missed, some false."""
    out = []
    for entry in entries:
        x, y, w, h = entry['bbox']
        if rng.random() < MISS_SHARE:
            continue
        dx, dy, dw, dh = rng.normal(0, 0.04, 4)
        out.append(([x + dx * w, y + dy * h, w * np.exp(dw), h * np.exp(dh)],
                    rng.uniform(0.6, 0.99)))
    for _ in range(rng.integers(FALSE_POSITIVES)):
        w, h = rng.uniform(20, 120), rng.uniform(40, 160)
        x, y = rng.uniform((0, 0), (max(info['width'] - w, 1),
                                    max(info['height'] - h, 1)))
        out.append(([x, y, w, h], rng.uniform(0.05, 0.5)))
    return [dict(image_id=info['id'], category_id=1,
                 bbox=[round(float(v), 2) for v in box],
                 score=round(float(score), 4)) for box, score in out]


def write_annotations(out, seed, results):
    """Write json files; arguments as for the other data sets."""
    rows = [row for result in results for row in result]
    category = dict(id=1, name='person', supercategory='person',
                    keypoints=KEYPOINTS, skeleton=SKELETON)
    boxes = Path(out) / 'person_detection_results'
    for folder in (Path(out) / 'annotations', boxes):
        folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for split, name in enumerate(SPLITS):
        mine = [row for row in rows if row[0] == split]
        data = dict(
            info=dict(description=f'synthetic people, seed {seed}'),
            licenses=[], images=[row[1] for row in mine],
            annotations=[e for row in mine for e in row[2]],
            categories=[category])
        path = Path(out) / 'annotations' / f'person_keypoints_{name}.json'
        path.write_text(json.dumps(data))
        counts[name] = len(mine)
        counts[name + '_people'] = len(data['annotations'])
    detections = [d for row in rows if row[0] == 1 for d in row[3]]
    (boxes / 'COCO_val2017_detections.json').write_text(
        json.dumps(detections))
    return counts
