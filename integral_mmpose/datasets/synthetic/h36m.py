"""The embedded Human3.6M: four cameras around a moving person.

Writes the npz files of mmpose's preprocessing (``imgname``, ``center``,
``scale``, ``part``, ``S``), ``cameras.json`` and the images.

Convention:
    ``S`` is in camera-space metres and ``part`` its exact projection.
    In cameras.json X_camera = R (X_world - T) with T in mm, the position of
    the camera. Frame numbers in file names are 1-based.
"""
import json
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from .actions import ACTIONS, sample_motion
from .appearance import sample_appearance
from .body import forward_kinematics, sample_proportions
from .figure import build_figure
from .render import Canvas
from .scene import (CAMERA_IDS, contact_shadow, finish, studio_background,
                    studio_cameras)

TRAIN_SUBJECTS, TEST_SUBJECTS = (1, 5, 6, 7, 8), (9, 11)
TRAIN_STEP, TEST_STEP = 50, 64  # frames
TRIALS = (1, 2)
# Frames of a trial: (of train subjects, of test subjects in trial 1 and 2)
FRAMES = dict(tiny=(4, (3, 2)), small=(20, (13, 12)), full=(80, (50, 50)))
BOX_MARGIN = 1.25
JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)


def tasks(out, seed, scale):
    """Arguments of :func:`render_trial`, one per subject, action, trial."""
    return [(str(out), seed, scale, subject, action, trial)
            for subject in TRAIN_SUBJECTS + TEST_SUBJECTS
            for action in range(len(ACTIONS)) for trial in TRIALS]


def trial_frames(scale, subject, trial):
    """0-based frame numbers (T,) that are rendered of a trial."""
    train, test = FRAMES[scale]
    if subject in TEST_SUBJECTS:
        return np.arange(test[trial - 1]) * TEST_STEP
    return np.arange(train) * TRAIN_STEP


@lru_cache(maxsize=8)
def subject_of(seed, subject):
    """Bones, textures and cameras of a subject; the same in every trial."""
    rng = np.random.default_rng([seed, 1, subject])
    return (sample_proportions(rng), sample_appearance(rng),
            studio_cameras(rng))


def trial_pose(seed, scale, subject, action, trial):
    """The posed body (Posed) of a trial at its rendered frames."""
    rng = np.random.default_rng([seed, 2, subject, action, trial])
    motion = sample_motion(rng, ACTIONS[action],
                           trial_frames(scale, subject, trial))
    return forward_kinematics(motion.angles, subject_of(seed, subject)[0],
                              motion.yaw, motion.ground)


def render_trial(out, seed, scale, subject, action, trial):
    """Write the images of a trial.

    Returns:
        list[tuple]: Per image: imgname, center, scale, part, S, test frame.
    """
    bones, textures, cameras = subject_of(seed, subject)
    posed = trial_pose(seed, scale, subject, action, trial)
    rows = []
    for view, name in enumerate(CAMERA_IDS):
        camera = cameras[name]
        stem = f'S{subject}_{ACTIONS[action]}_{trial}.{name}'
        folder = Path(out) / 'images' / f'S{subject}' / stem
        folder.mkdir(parents=True, exist_ok=True)
        backdrop = studio_background(camera)
        for t, frame in enumerate(trial_frames(scale, subject, trial)):
            rng = np.random.default_rng(
                [seed, 3, subject, action, trial, view, frame])
            image = contact_shadow(backdrop.copy(), camera,
                                   posed.joints[t][[0, 3, 6]])
            canvas = Canvas(camera.size, camera.focal, camera.principal)
            canvas.draw(build_figure(posed, t, bones, textures, camera))
            image = finish(canvas.compose(image), rng)
            file = folder / f'{stem}_{frame + 1:06d}.jpg'
            cv2.imwrite(str(file), image, JPEG)
            rows.append(_row(camera, posed.joints[t], file, frame))
    return rows


def _row(camera, joints, file, frame):
    space = camera.to_camera(joints)
    pixels = camera.project(space)[:, :2]
    low, high = pixels.min(0), pixels.max(0)
    ones = np.ones((len(joints), 1))
    name = '/'.join(file.parts[-3:])
    return (name, (low + high) / 2, BOX_MARGIN * (high - low).max() / 200,
            np.hstack([pixels, ones]), np.hstack([space, ones]),
            frame % TEST_STEP == 0)


def write_annotations(out, seed, results):
    """Write both npz files and cameras.json.

    Args:
        out (str | Path): The h36m folder.
        seed (int): The data's seed.
        results (Iterable[list[tuple]]): From :func:`render_trial`, in order.

    Returns:
        dict[str, int]: Number of images by split.
    """
    rows = [row for result in results for row in result]
    folder = Path(out) / 'annotations'
    folder.mkdir(parents=True, exist_ok=True)
    tests = tuple(f'S{s}/' for s in TEST_SUBJECTS)
    test = [r for r in rows if r[5] and r[0].startswith(tests)]
    for name, chosen in (('train', rows), ('test', test)):
        columns = list(zip(*chosen))
        np.savez_compressed(
            folder / f'h36m_{name}.npz', imgname=np.array(columns[0]),
            **{key: np.array(column, np.float32) for key, column in
               zip(('center', 'scale', 'part', 'S'), columns[1:5])})
    cameras = {
        f'S{s}': {name: _camera_entry(camera) for name, camera in
                  subject_of(seed, s)[2].items()}
        for s in TRAIN_SUBJECTS + TEST_SUBJECTS}
    (folder / 'cameras.json').write_text(json.dumps(cameras, indent=1))
    return dict(train=len(rows), test=len(test))


def _camera_entry(camera):
    return dict(f=camera.focal.tolist(), c=camera.principal.tolist(),
                k=[0., 0., 0.], p=[0., 0.], R=camera.rotation.tolist(),
                T=(camera.position * 1000).tolist(), w=camera.size[0],
                h=camera.size[1])
