"""Write the studio recordings in Human3.6M's layout.

A subject has proportions, clothes and four cameras; an action of a subject is
one smooth trial. Frames are numbered as at 50 per second: the training set
has every ``TRAIN_STEP``-th frame, the test set every 64th.
"""

from pathlib import Path

import numpy as np
from mmengine.fileio import dump

from integral_mmpose.datasets.actions import ACTIONS, TEST_SUBJECTS
from integral_mmpose.datasets.body.h36m_files import make_rows

from .actions import sample_motion
from .appearance import sample_appearance
from .body import forward_kinematics, sample_proportions
from .people import Person
from .render import Canvas
from .scene import (
    contact_shadow,
    finish,
    studio_background,
    studio_cameras,
    write_jpeg,
)

TRAIN_SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8')
TRAIN_STEP = 35  # a multiple of 5, the step of the real training set
TEST_STEP = 64
# First entry of the seed of each kind of random numbers
PERSON, CAMERAS, MOTION, NOISE = range(4)


def generator(seed, kind, subject, *numbers):
    """Return the generator of a kind, for a subject such as 'S9'."""
    return np.random.default_rng([seed, kind, int(subject[1:]), *numbers])


def subject_cameras(seed, subject):
    """Return the cameras of a subject by id."""
    return studio_cameras(generator(seed, CAMERAS, subject))


def subject_person(seed, subject, action, frames):
    """Pose a subject in an action at some frames (0-based)."""
    rng = generator(seed, PERSON, subject)
    bones, textures = sample_proportions(rng), sample_appearance(rng)
    rng = generator(seed, MOTION, subject, ACTIONS.index(action))
    motion = sample_motion(rng, action, np.asarray(frames))
    return Person(
        bones,
        textures,
        forward_kinematics(motion.angles, bones, motion.yaw, motion.ground),
    )


def draw_frame(person, moment, camera, background, rng):
    """Draw a picture of the studio, (h, w, 3) uint8 BGR."""
    image = background.copy()
    contact_shadow(image, camera, person.posed.joints[moment][[3, 6, 0]])
    canvas = Canvas(camera)
    person.draw(canvas, camera, moment)
    return finish(canvas.compose(image), rng)


def write_sequences(root, seed, subject, action, frames):
    """Draw one action of one subject by all four cameras.

    ``frames`` are 0-based. Returns the rows of the npz file.
    """
    person = subject_person(seed, subject, action, frames)
    names, pixels, points = [], [], []
    for camera_id, camera in subject_cameras(seed, subject).items():
        background = studio_background(camera)
        sequence = f'{subject}_{action}_1.{camera_id}'
        folder = Path(root, 'images', subject, sequence)
        for moment, frame in enumerate(frames):
            name = f'{sequence}_{frame + 1:06d}.jpg'
            place = ACTIONS.index(action), int(camera_id), frame
            rng = generator(seed, NOISE, subject, *place)
            image = draw_frame(person, moment, camera, background, rng)
            write_jpeg(folder / name, image)
            joints = camera.to_camera(person.posed.joints[moment])
            names.append(f'{subject}/{sequence}/{name}')
            points.append(joints)
            pixels.append(camera.project(joints)[:, :2])
    return make_rows(names, np.stack(pixels), np.stack(points))


def write_cameras(root, seed):
    """Write cameras.json: px and, for T, mm."""
    content = {
        subject: {
            camera_id: camera._replace(
                position=1000 * camera.position, k=np.zeros(3), p=np.zeros(2)
            ).as_json()
            for camera_id, camera in subject_cameras(seed, subject).items()
        }
        for subject in TRAIN_SUBJECTS + TEST_SUBJECTS
    }
    dump(content, Path(root, 'annotations/cameras.json'))


def plan(train_frames, test_frames, extra_frames):
    """Assign the frames of the subjects to the splits.

    Args:
        train_frames (int): Frames a sequence of the training subjects.
        test_frames (int): Frames a sequence of S9 and S11 for the test.
        extra_frames (int): Training frames of S9 and S11 (Protocol 1).

    Returns:
        dict[str, list]: ``train`` and ``test``: (subject, action, frames).
    """

    def work(subjects, frames):
        return [(s, a, list(frames)) for s in subjects for a in ACTIONS]

    train = work(
        TRAIN_SUBJECTS, range(0, TRAIN_STEP * train_frames, TRAIN_STEP)
    )
    if extra_frames:
        end = TRAIN_STEP * (extra_frames + 1)
        train += work(TEST_SUBJECTS, range(TRAIN_STEP, end, TRAIN_STEP))
    test = work(TEST_SUBJECTS, range(0, TEST_STEP * test_frames, TEST_STEP))
    return dict(train=train, test=test)
