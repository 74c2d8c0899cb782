"""Training, validation and test persons of MPII.

MPII has no validation set. The public codes take 2,958 persons of the
training images (Tompson et al., CVPR 2015), listed by image and person in
their ``detections.mat`` and, one by one, in ``mpii_val.json``; they train on
the 22,246 persons of the images without any of them, so that no image is in
both. The other persons of those images are in neither, but in trainval.
"""

from collections import defaultdict
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

import numpy as np

from integral_mmpose.datasets.body.mpii import SCALES
from integral_mmpose.datasets.checks import MAX_PX

from .release import Image, Person

#: (image, person) in the release, 0-based.
Key = Tuple[int, int]

#: Images of the release u12_1 and persons of its splits in the public codes:
#: trainval are all persons with joints, test those of `single_person`.
KNOWN_IMAGES = 24987
KNOWN_COUNTS = dict(train=22246, val=2958, trainval=28883, test=7247)
BESIDE = 'in trainval only: beside a validation person'


class Split(NamedTuple):
    """Persons of each split in the release's order, and who is in none.

    ``people``: 'train', 'val', 'trainval', 'test' -> keys; without a list of
    validation persons 'trainval' and 'test' only. ``left_out``: reason ->
    names.
    """

    people: Dict[str, List[Key]]
    left_out: Dict[str, List[str]]


def name_of(images: List[Image], key: Key) -> str:
    """What a person is called in a message: image and ``annorect`` index."""
    return f'{images[key[0]].name} person {key[1] + 1}'


def split_people(images: List[Image], val: Optional[Set[Key]]) -> Split:
    """Sort everybody into the splits; ``val`` is None if not known."""
    people, left_out = dict(trainval=[], test=[]), defaultdict(list)
    if val is not None:
        people.update(train=[], val=[])
    val_images = {i for i, _ in val or ()}
    for i, image in enumerate(images):
        part = 'training' if image.train else 'test'
        if not image.people:
            left_out[f'{part} image without persons'].append(image.name)
        for r, person in enumerate(image.people):
            key, name = (i, r), name_of(images, (i, r))
            reason = why_not(person, image.train)
            if reason:
                left_out[f'{part}: {reason}'].append(name)
                continue
            people['trainval' if image.train else 'test'].append(key)
            if not image.train or val is None:
                continue
            if key in val:
                people['val'].append(key)
            elif i in val_images:
                left_out[BESIDE].append(name)
            else:
                people['train'].append(key)
    return Split(people, dict(left_out))


def why_not(person: Person, train: bool) -> str:
    """Why a person is of no use, '' for one who is.

    Example:
        >>> person = Person((1.0, 2.0), None, None, None, None, False)
        >>> why_not(person, train=False)
        'no scale, not in single_person'
    """
    wanted = {
        'objpos': (person.center, -MAX_PX, MAX_PX),
        'scale': (person.scale, *SCALES),
    }
    if train:
        wanted['annopoints'] = (person.joints, -MAX_PX, MAX_PX)
        head = 'head box x1, y1, x2, y2'
        wanted[head] = (person.head_size, 1, MAX_PX)
    reasons = []
    for name, (value, low, high) in wanted.items():
        if value is None:
            reasons.append(f'no {name}')
        elif np.min(value) < low or np.max(value) > high:
            reasons.append(f'{name} not in {low:g} to {high:g}')
    if train and person.ambiguous:
        reasons.append('two places of one joint')
    if not train and not person.single:
        reasons.append('not in single_person')
    return ', '.join(reasons)
