"""Write single people before cluttered backgrounds in MPII's layout.

MPII is 1-based: 1 is added to every pixel of the annotation.
"""

from pathlib import Path

import numpy as np
from mmengine.fileio import dump

from integral_mmpose.datasets.body.mpii_box import fields_of_box
from integral_mmpose.datasets.joints import MPII_NAMES
from integral_mmpose.datasets.mat_files import mpii_truth

from .people import random_person
from .render import Canvas
from .scene import clutter, finish, look_at, write_jpeg

SIZE = (256, 256)
#: Joint of MPII -> the body's point; a pair is the middle of two points.
POINTS = dict(
    right_ankle='right_foot',
    left_ankle='left_foot',
    pelvis=('left_hip', 'right_hip'),
    thorax=('left_shoulder', 'right_shoulder'),
    upper_neck='thorax',
    head_top='head',
)
SPLITS = ('train', 'val')


def random_camera(rng):
    """Sample a camera that looks at a person at the origin."""
    away, angle = rng.uniform(3.2, 6.5), rng.uniform(0, 2 * np.pi)
    position = np.array(
        [away * np.cos(angle), away * np.sin(angle), rng.uniform(0.6, 2.2)]
    )
    target = np.array([*rng.uniform(-0.25, 0.25, 2), rng.uniform(0.7, 1.1)])
    focal = rng.uniform(0.42, 0.62) * away * SIZE[1]
    return look_at(position, target, focal, SIZE, rng.uniform(-8, 8))


def mpii_joints(points, camera):
    """Project named camera-space points to MPII's joints, (16, 2) px."""
    names = [POINTS.get(name, name) for name in MPII_NAMES]
    joints = [
        points[name]
        if isinstance(name, str)
        else (points[name[0]] + points[name[1]]) / 2
        for name in names
    ]
    return camera.project(np.stack(joints))[:, :2]


def write_image(root, seed, split, number):
    """Draw a picture of a split, by its number.

    Returns:
        tuple[dict, np.ndarray]: The json entry and the head box (2, 2),
        both 1-based.
    """
    rng = np.random.default_rng([seed, 10 + SPLITS.index(split), number])
    camera = random_camera(rng)
    person = random_person(rng, (0.0, 0.0))
    canvas = Canvas(camera)
    if rng.random() < 0.3:
        other = random_person(rng, _beside(rng, camera))
        other.draw(canvas, camera, owner=2)
    person.draw(canvas, camera)
    name = f'{split}_{number:06d}.jpg'
    image = finish(canvas.compose(clutter(rng, SIZE)), rng)
    write_jpeg(Path(root, 'images', name), image)
    joints = mpii_joints(person.points(camera), camera)
    return _entry(name, joints, person.head_box(camera))


def _beside(rng, camera):
    """Sample a place beside the person, farther from the camera."""
    away = -camera.position[:2] / np.linalg.norm(camera.position[:2])
    side = np.array([-away[1], away[0]])
    return (
        rng.uniform(0.4, 1.5) * away
        + rng.choice([-1, 1]) * rng.uniform(0.5, 1.1) * side
    )


def _entry(name, joints, box):
    inside = ((joints >= 0) & (joints < SIZE)).all(1)
    low = np.minimum(joints.min(0), box[0])
    high = np.maximum(joints.max(0), box[1])
    entry = dict(
        image=name,
        **fields_of_box((low + high) / 2, (high - low).max()),
        joints=np.where(inside[:, None], joints + 1, 0).round(3).tolist(),
        joints_vis=inside.astype(int).tolist(),
    )
    return entry, box + 1


def write_annotations(root, split, results):
    """Write the json and the .mat of one split from all its entries."""
    entries = [entry for entry, _ in results]
    boxes = np.stack([box for _, box in results], -1)
    folder = Path(root, 'annotations')
    dump(entries, folder / f'mpii_{split}.json')
    visible = np.array([e['joints_vis'] for e in entries])
    joints = np.array([e['joints'] for e in entries])
    content = mpii_truth(boxes, joints, visible)
    (folder / f'mpii_gt_{split}.mat').write_bytes(content)


def write_benchmark(root, seed, train, val):
    """Write the splits trainval and test; test is val without its truth.

    ``train`` and ``val`` are results of :func:`write_image`. The seed is not
    used.
    """
    write_annotations(root, 'trainval', train + val)
    entries, images = [], []
    for n, (entry, _) in enumerate(val, 1):
        image = dict(image=entry['image'])
        person = dict(center=entry['center'], scale=entry['scale'])
        entries.append(dict(image, **person, image_index=n, annorect_index=1))
        images.append(dict(image, people=[dict(person, predict=True)]))
    folder = Path(root, 'annotations')
    dump(entries, folder / 'mpii_test.json')
    dump(images, folder / 'mpii_test_images.json')
