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

from ..checks import annotation_error, load_json, require_file
from ..mat_files import read_mat
from .mpii_release import Image, Person

#: (image, person) in the release, 0-based.
Key = Tuple[int, int]

#: Images of the release u12_1 and persons of its splits in the public codes:
#: trainval are all persons with joints, test those of `single_person`.
KNOWN_IMAGES = 24987
KNOWN_COUNTS = dict(train=22246, val=2958, trainval=28883, test=7247)
#: A person of mpii_val.json is found within so many px, on average.
MATCH_PX = 2.0


class Split(NamedTuple):
    """Persons of each split in the release's order, and who is in none.

    ``people``: 'train', 'val', 'trainval', 'test' -> keys; without a list of
    validation persons 'trainval' and 'test' only. ``left_out``: reason ->
    names.
    """

    people: Dict[str, List[Key]]
    left_out: Dict[str, List[str]]


class ValList(NamedTuple):
    """Validation persons, and entries of the list that fit nobody."""

    people: Set[Key]
    unknown: List[str]


def name_of(images: List[Image], key: Key) -> str:
    """What a person is called in a message: image and ``annorect`` index."""
    return f'{images[key[0]].name} person {key[1] + 1}'


def split_people(images: List[Image], val: Optional[Set[Key]]) -> Split:
    """Sort everybody into the splits.

    Args:
        images (list[Image]): The release.
        val (set, optional): The validation persons; None if not known.
    """
    names = ('trainval', 'test') + (
        ('train', 'val') if val is not None else ()
    )
    people = {name: [] for name in names}
    left_out = defaultdict(list)
    val = val or set()
    val_images = {i for i, _ in val}
    for i, image in enumerate(images):
        part = 'training' if image.train else 'test'
        if not image.people:
            left_out[f'{part} image without persons'].append(image.name)
        for r, person in enumerate(image.people):
            key = (i, r)
            reason = why_not(person, image.train)
            if reason:
                left_out[f'{part}: {reason}'].append(name_of(images, key))
            elif not image.train:
                people['test'].append(key)
            else:
                people['trainval'].append(key)
                if 'train' not in people:
                    continue
                if i in val_images and key not in val:
                    left_out[
                        'in trainval only: beside a validation person'
                    ].append(name_of(images, key))
                    continue
                people['val' if key in val else 'train'].append(key)
    return Split(people, dict(left_out))


def why_not(person: Person, train: bool) -> str:
    """Why a person is of no use, '' for one who is.

    Example:
        >>> person = Person((1.0, 2.0), None, None, None, None, False)
        >>> why_not(person, train=False)
        'no scale, not in single_person'
    """
    missing = [
        f'no {field}'
        for field, value in (
            ('objpos', person.center),
            ('scale', person.scale),
            *(
                (
                    ('annopoints', person.joints),
                    ('head box x1, y1, x2, y2', person.head_box),
                )
                if train
                else ()
            ),
        )
        if value is None
    ]
    if not train and not person.single:
        missing.append('not in single_person')
    return ', '.join(missing)


def read_val_list(path: str, images: List[Image]) -> ValList:
    """Find the validation persons that a file lists.

    Args:
        path (str): ``mpii_val.json`` (persons by image and joints, or by
            image and centre without joints), Tompson's ``detections.mat``
            (``RELEASE_img_index``, ``RELEASE_person_index``, 1-based), or a
            text file with an image name on each line, all of whose persons
            are meant.
        images (list[Image]): The release.

    Returns:
        ValList: Persons, and what was found nowhere.

    Raises:
        FileNotFoundError, ValueError: If there is no such file, it cannot be
            read, lists a person twice, or nobody of the training images.
    """
    places = {im.name: i for i, im in enumerate(images) if im.train}
    require_file(path, 'the list of validation persons', 'Correct --val-list.')
    if path.endswith('.json'):
        found = _from_json(path, images, places)
    elif path.endswith('.mat'):
        found = _from_mat(path, images)
    else:
        found = _from_text(path, images, places)
    if not found.people:
        raise ValueError(
            f'{path}: no person of it is in the training images. Give a list '
            'of this release: mpii_val.json, detections.mat or image names.'
        )
    return found


def _from_text(path, images, places) -> ValList:
    with open(path, encoding='utf-8') as file:
        names = [line.strip() for line in file if line.strip()]
    return ValList(
        {
            (places[name], r)
            for name in names
            if name in places
            for r in range(len(images[places[name]].people))
        },
        [name for name in names if name not in places],
    )


def _from_mat(path, images) -> ValList:
    content = read_mat(
        path,
        "Tompson's detections.mat",
        ['RELEASE_img_index', 'RELEASE_person_index'],
    )
    numbers, persons = (np.ravel(value) for value in content.values())
    if len(numbers) != len(persons):
        raise ValueError(
            f'{path}: RELEASE_img_index and RELEASE_person_index must have '
            f'one length, got {len(numbers)} and {len(persons)}. Get it again.'
        )
    keys = [(int(i) - 1, int(r) - 1) for i, r in zip(numbers, persons)]
    known = [
        0 <= i < len(images)
        and images[i].train
        and 0 <= r < len(images[i].people)
        for i, r in keys
    ]
    return ValList(
        {key for key, ok in zip(keys, known) if ok},
        [
            f'image {key[0] + 1} person {key[1] + 1}'
            for key, ok in zip(keys, known)
            if not ok
        ],
    )


def _from_json(path, images, places) -> ValList:
    owners, unknown = {}, []
    for n, entry in enumerate(load_json(path, 'the validation list', list)):
        if not isinstance(entry, dict) or 'image' not in entry:
            raise annotation_error(path, n, 'image', 'is missing')
        key = _match(entry, path, n, images, places.get(entry['image']))
        if key is None:
            unknown.append(f'{entry["image"]} (entry {n})')
        elif key in owners:
            raise annotation_error(
                path,
                n,
                'joints',
                f'mean {name_of(images, key)}, as entry {owners[key]}',
                'Remove one of them.',
            )
        else:
            owners[key] = n
    return ValList(set(owners), unknown)


def _match(entry, path, n, images, image) -> Optional[Key]:
    """The person of an image who is closest, if close enough."""
    if image is None or not images[image].people:
        return None
    try:
        gaps = [_gap(entry, person) for person in images[image].people]
    except (KeyError, TypeError, ValueError) as error:
        raise annotation_error(
            path, n, 'joints', f'or `center` is not readable ({error!r})'
        ) from None
    best = int(np.argmin(gaps))
    return (image, best) if gaps[best] <= MATCH_PX else None


def _gap(entry: dict, person: Person) -> float:
    """Mean distance in px over the joints that both have, else of centres."""
    if 'joints' in entry:
        joints = np.asarray(entry['joints'], float).reshape(16, 2)
        both = person.labelled & ~(joints <= 0).all(-1)
        if both.any():
            gaps = np.linalg.norm(joints - person.joints, axis=-1)
            return float(gaps[both].mean())
        if 'center' not in entry:
            return np.inf
    if person.center is None:
        return np.inf
    return float(
        np.linalg.norm(np.asarray(entry['center'], float) - person.center)
    )
