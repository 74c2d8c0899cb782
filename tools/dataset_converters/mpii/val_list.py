"""Find the validation persons that a list names in MPII's own annotation.

The public lists say who they mean in different ways: Tompson's
``detections.mat`` by places in the release, ``mpii_val.json`` by image and
joints, others by images alone.
"""

from typing import List, NamedTuple, Optional, Set

import numpy as np

from integral_mmpose.datasets.body.mpii_joints import marked_unlabelled
from integral_mmpose.datasets.checks import (
    TEXT,
    annotation_error,
    check_array,
    check_fields,
    load_json,
    require_file,
)
from integral_mmpose.datasets.mat_files import read_mat

from .release import Image, Person
from .split import Key, name_of

#: A person of mpii_val.json is found within so many px, on average.
MATCH_PX = 2.0


class ValList(NamedTuple):
    """Validation persons, and entries of the list that fit nobody."""

    people: Set[Key]
    unknown: List[str]


def read_val_list(path: str, images: List[Image]) -> ValList:
    """Find the validation persons that a file lists.

    It is ``mpii_val.json`` (persons by image and joints, or by image and
    centre), Tompson's ``detections.mat`` (``RELEASE_img_index``,
    ``RELEASE_person_index``, 1-based), or a text file with an image name on
    each line, all of whose persons are meant.
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
    try:
        with open(path, encoding='utf-8-sig') as file:
            names = [line.strip() for line in file if line.strip()]
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path}: the list of validation persons is no text ({error}). '
            'Give mpii_val.json, detections.mat or image names.'
        ) from error
    known = [places[name] for name in names if name in places]
    return ValList(
        {(i, r) for i in known for r in range(len(images[i].people))},
        [name for name in names if name not in places],
    )


def _from_mat(path, images) -> ValList:
    content = read_mat(
        path,
        "Tompson's detections.mat",
        ['RELEASE_img_index', 'RELEASE_person_index'],
    )
    numbers, persons = (np.ravel(value) for value in content.values())
    for field, values in zip(content, (numbers, persons)):
        check_array(values, numbers.shape, path, 'all', field, 'Get it again.')
        wrong = ~np.isfinite(values) | (values != np.trunc(values))
        if wrong.any():
            n = int(wrong.argmax())
            problem = f'must be a whole number, got {values[n]}'
            where = f'entry {n + 1}'
            raise annotation_error(
                path, where, field, problem, 'Get it again.'
            )
    people, unknown = set(), []
    for i, r in zip(map(int, numbers), map(int, persons)):
        known = 0 < i <= len(images) and images[i - 1].train
        if known and 0 < r <= len(images[i - 1].people):
            people.add((i - 1, r - 1))
        else:
            unknown.append(f'image {i} person {r}')
    return ValList(people, unknown)


def _from_json(path, images, places) -> ValList:
    owners, unknown = {}, []
    for n, entry in enumerate(load_json(path, 'the validation list', list)):
        check_fields(entry, dict(image=TEXT), path, n)
        key = _match(entry, path, n, images, places.get(entry['image']))
        if key is None:
            unknown.append(f'{entry["image"]} (entry {n})')
        elif key in owners:
            problem = f'mean {name_of(images, key)}, as entry {owners[key]}'
            fix = 'Remove one of them.'
            raise annotation_error(path, n, 'joints', problem, fix)
        else:
            owners[key] = n
    return ValList(set(owners), unknown)


def _match(entry, path, n, images, image) -> Optional[Key]:
    """The person of an image who is closest, if close enough."""
    if image is None or not images[image].people:
        return None
    try:
        gaps = [_gap(entry, person) for person in images[image].people]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise annotation_error(
            path, n, 'joints', f'or `center` is not readable ({error!r})'
        ) from None
    best = int(np.argmin(gaps))
    return (image, best) if gaps[best] <= MATCH_PX else None


def _gap(entry: dict, person: Person) -> float:
    """Mean distance in px over the joints that both have, else of centres."""
    if 'joints' in entry:
        joints = np.asarray(entry['joints'], float).reshape(16, 2)
        both = person.labelled & ~marked_unlabelled(joints)
        if both.any():
            gaps = np.linalg.norm(joints - person.joints, axis=-1)
            return float(gaps[both].mean())
        if 'center' not in entry:
            return np.inf
    if person.center is None:
        return np.inf
    center = np.asarray(entry['center'], float).reshape(2)
    return float(np.linalg.norm(center - person.center))
