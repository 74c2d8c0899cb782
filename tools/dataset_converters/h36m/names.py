"""How Human3.6M names its recordings.

A recording is a subject, an action, one of two trials and a camera. The
archives name a trial by the action and a number of its own ("Eating 2",
"Eating"); other releases count actions 2 to 16, trials 1 and 2, cameras 1 to
4. ``metadata.xml`` holds the table between the two; it is repeated here for
the releases without it.

Convention: "trial 1" and "trial 2" count as ``metadata.xml`` does. The number
in a file name is part of the name: S9's "SittingDown 1" is trial 2.
"""

from argparse import ArgumentParser
from typing import NamedTuple

from integral_mmpose.command import at_least_one
from integral_mmpose.datasets.actions import ACTIONS, ALIASES, CAMERA_IDS

SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11')
#: Action 1 is "_ALL", a calibration; Directions is 2, WalkTogether 16.
FIRST_ACTION = 2
#: The 17 of 32 joints that move, in the order of ``joints.H36M17_NAMES``.
MOVING_JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)

# Where the names of trial 1 and 2 are not "Action 1" and "Action". Read off
# datasets/Human3.6M/vid2jpeg.txt of github.com/dluvizon/deephar.
_NUMBERS = dict(
    S1=dict(Eating=(2, 0), Sitting=(1, 2), SittingDown=(2, 0)),
    S5=dict(
        Directions=(1, 2),
        Discussion=(2, 3),
        Greeting=(1, 2),
        SittingDown=(0, 1),
        Photo=(0, 2),
        Waiting=(1, 2),
    ),
    S6=dict(
        Eating=(1, 2),
        Posing=(2, 0),
        Sitting=(1, 2),
        Photo=(0, 1),
        Waiting=(3, 0),
    ),
    S7=dict(
        Phoning=(2, 0),
        SittingDown=(0, 1),
        Photo=(0, 1),
        Waiting=(1, 2),
        Walking=(1, 2),
    ),
    S8=dict(SittingDown=(0, 1), WalkTogether=(1, 2)),
    S9=dict(Discussion=(1, 2), SittingDown=(0, 1)),
    S11=dict(
        Discussion=(1, 2),
        Greeting=(2, 0),
        Phoning=(3, 2),
        SittingDown=(0, 1),
        Smoking=(2, 0),
    ),
)
_LONG_NAMES = dict(S1=dict(Photo='TakingPhoto', WalkDog='WalkingDog'))


class Recording(NamedTuple):
    """One video: subject, action, trial, name in the archives, camera."""

    subject: str
    action: str
    trial: int
    base: str
    camera: str

    @property
    def name(self) -> str:
        """The folder of its images, as MMPose writes it.

        Example:
            >>> Recording('S9', 'Eating', 1, 'Eating 1', '54138969').name
            'S9_Eating_1.54138969'
        """
        return f'{self.subject}_{self.base.replace(" ", "_")}.{self.camera}'

    @property
    def broken(self) -> bool:
        """Whether it is the recording whose published video is damaged.

        Left out by github.com/mks0601/3DMPPE_POSENET_RELEASE
        (tool/Human36M/h36m2coco.py) and
        github.com/una-dinosauria/3d-pose-baseline (src/data_utils.py).
        """
        found = (self.subject, self.action, self.trial, self.camera)
        return found == ('S11', 'Directions', 2, '54138969')

    @property
    def damaged_truth(self) -> bool:
        """Whether its 3D joints are shifted against the images.

        S9's "Greeting", "SittingDown 1" and "Waiting 1" lie 200 mm aside in
        space: github.com/isarandi/posepile (src/posepile/ds/h36m/main.py);
        left out by github.com/karfly/learnable-triangulation-pytorch
        (mvn/datasets/human36m.py) as Greeting-2, SittingDown-2, Waiting-1.
        """
        return self.subject == 'S9' and (self.action, self.trial) in (
            ('Greeting', 2),
            ('SittingDown', 2),
            ('Waiting', 1),
        )

    def image(self, frame: int) -> str:
        """The name of an image by its 0-based frame; names count from 1."""
        return f'{self.subject}/{self.name}/{self.name}_{frame + 1:06d}.jpg'


def trial_name(subject: str, action: str, trial: int) -> str:
    """The name of a trial in the archives.

    Example:
        >>> trial_name('S9', 'SittingDown', 2), trial_name('S1', 'Photo', 2)
        ('SittingDown 1', 'TakingPhoto')
    """
    numbers = _NUMBERS[subject].get(action, (1, 0))
    name = _LONG_NAMES.get(subject, {}).get(action, action)
    number = numbers[trial - 1]
    return f'{name} {number}' if number else name


def add_choices(parser: ArgumentParser) -> None:
    """The options that say what is converted."""
    parser.add_argument('--train-step', type=at_least_one, default=5)
    parser.add_argument(
        '--test-step',
        type=int,
        default=64,
        choices=(1, 2, 4, 8, 16, 32, 64),
        help='divides 64, so that every 64th frame is there',
    )
    parser.add_argument(
        '--subjects',
        nargs='+',
        type=lambda name: name if name.startswith('S') else f'S{name}',
        choices=SUBJECTS,
        default=SUBJECTS,
        help='for example 9 11',
    )
    parser.add_argument(
        '--actions',
        nargs='+',
        type=lambda name: ALIASES.get(name, name),
        choices=ACTIONS,
        metavar='ACTION',
        default=ACTIONS,
        help='for example Eating',
    )
    parser.add_argument(
        '--skip-damaged-s9',
        action='store_true',
        help='leave out three trials of S9 whose 3D joints are shifted; the '
        'paper does not',
    )


def recordings(subjects, actions, name_of=trial_name):
    """Every recording of some subjects and actions, in the release's order.

    ``name_of``: (subject, action, trial) -> name in the archives.
    """
    return [
        Recording(subject, action, trial, name_of(subject, action, trial), cam)
        for subject in SUBJECTS
        if subject in subjects
        for action in ACTIONS
        if action in actions
        for trial in (1, 2)
        for cam in CAMERA_IDS
    ]
