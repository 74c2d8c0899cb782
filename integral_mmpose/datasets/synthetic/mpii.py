"""The embedded MPII: one annotated person before a cluttered background.

Writes the json lists of the HRNet code base, which mmpose reads, and the
``mpii_gt_*.mat`` files with head boxes.

Convention:
    ``joints``, ``center``, ``pos_gt_src`` and ``headboxes_src`` are 1-based
    px as in MPII; a joint outside the image is (-1, -1) and not visible.
    ``scale`` is the standing height in px over 200; the square of side
    250 * scale around the centre moved down by 15 * scale px holds the
    person.
"""
import io
import json
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

from .body import stature
from .crowd import picture, sample_camera, sample_person
from .figure import head_box
from .h36m import JPEG

NUM_IMAGES = dict(tiny=(2000, 300), small=(10000, 1500), full=(40000, 3000))
SPLITS = ('train', 'val')
CHUNK = 50
# In MPII's order; the thorax is the middle of the shoulders
POINTS = ('right_foot', 'right_knee', 'right_hip', 'left_hip', 'left_knee',
          'left_foot', 'root', None, 'thorax', 'head', 'right_wrist',
          'right_elbow', 'right_shoulder', 'left_shoulder', 'left_elbow',
          'left_wrist')
THORAX = 7
COMPANY_SHARE = 0.35   # images with other people
CLOSE_UP_SHARE = 0.15  # images that cut the person off
BOX_SIDE, BOX_DROP = 250., 15.


def tasks(out, seed, scale):
    """Arguments of :func:`render_chunk`, ``CHUNK`` images each."""
    return [(str(out), seed, split, start, min(start + CHUNK, count))
            for split, count in enumerate(NUM_IMAGES[scale])
            for start in range(0, count, CHUNK)]


def sample_scene(rng):
    """Draw one image.

    Returns:
        tuple: image (h, w, 3) uint8, camera, people; people[0] is the
        annotated one.
    """
    size = tuple(int(v) for v in rng.integers(256, 321, 2))
    people = [sample_person(rng, (0, 0))]
    if rng.random() < COMPANY_SHARE:
        for _ in range(rng.integers(1, 3)):
            place = rng.uniform(-0.2, 2.5), rng.choice(
                [-1, 1]) * rng.uniform(0.6, 1.9)
            people.append(sample_person(rng, place))
    close_up = rng.random() < CLOSE_UP_SHARE
    height = rng.uniform(250, 380) if close_up else rng.uniform(130, 250)
    camera = sample_camera(rng, height, size)
    pixels = camera.project(camera.to_camera(people[0].posed.joints[0]))
    middle = (pixels[:, :2].min(0) + pixels[:, :2].max(0)) / 2
    jitter = rng.uniform(-0.13, 0.13, 2) * size
    camera = camera.shifted(np.array(size) / 2 + jitter - middle)
    return picture(rng, camera, people)[0], camera, people


def annotate(camera, person, image_name):
    """One person's entry of the json and head box (2, 2), 1-based px."""
    points = person.points(camera)
    middle = (points['left_shoulder'] + points['right_shoulder']) / 2
    joints = camera.project(np.stack(
        [middle if name is None else points[name] for name in POINTS]))
    joints, depth = joints[:, :2], joints[:, 2]
    low, high = joints.min(0), joints.max(0)
    size = camera.focal[0] * stature(person.bones) / depth[6]
    # Hands and feet reach beyond the joints by 4 % of the height
    reach = (high - low).max() + 0.1 * size
    scale = max(size / 200, reach / BOX_SIDE)
    centre = (low + high) / 2 - (0, BOX_DROP * scale)
    inside = ((joints >= 0) & (joints <= np.array(camera.size) - 1)).all(1)
    labels = np.where(inside[:, None], joints + 1, -1.)
    box = head_box(points, camera.rotation @ person.posed.head[0],
                   person.bones['head'], camera)
    entry = dict(image=image_name, center=(centre + 1).round(3).tolist(),
                 scale=round(float(scale), 5),
                 joints=labels.round(3).tolist(),
                 joints_vis=inside.astype(int).tolist())
    return entry, box.reshape(2, 2) + 1


def render_chunk(out, seed, split, start, stop):
    """Write images start to stop of a split; returns their annotations."""
    folder = Path(out) / 'images'
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(start, stop):
        rng = np.random.default_rng([seed, 10, split, i])
        image, camera, people = sample_scene(rng)
        name = f'{split}{i + 1:08d}.jpg'
        cv2.imwrite(str(folder / name), image, JPEG)
        rows.append((split, *annotate(camera, people[0], name)))
    return rows


def write_annotations(out, seed, results):
    """Write json and mat files; arguments as for the other data sets."""
    rows = [row for result in results for row in result]
    folder = Path(out) / 'annotations'
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for split, name in enumerate(SPLITS):
        entries = [entry for s, entry, _ in rows if s == split]
        boxes = np.stack([box for s, _, box in rows if s == split], -1)
        (folder / f'mpii_{name}.json').write_text(json.dumps(entries))
        _write_mat(folder / f'mpii_gt_{name}.mat', entries, boxes)
        counts[name] = len(entries)
    return counts


def _write_mat(path, entries, boxes):
    joints = np.array([e['joints'] for e in entries])
    visible = np.array([e['joints_vis'] for e in entries])
    buffer = io.BytesIO()
    savemat(buffer, dict(headboxes_src=boxes,
                         jnt_missing=(1 - visible.T).astype(np.float64),
                         pos_gt_src=np.moveaxis(joints, 0, -1)))
    # The first 116 bytes are a free text in which scipy writes the time
    text = b'MATLAB 5.0 MAT-file, synthetic MPII'.ljust(116)
    path.write_bytes(text + buffer.getvalue()[116:])
