"""COCO's annotation files: read, and checked entry by entry."""

import re
from typing import Dict, List, Optional, Sequence

from xtcocotools.coco import COCO

from ...person_category import person_category
from ..checks import (
    ANY,
    LIST,
    MAX_PX,
    NUMBER,
    TEXT,
    WHOLE,
    annotation_error,
    check_fields,
    float_field,
    load_json,
    number_within,
    shown,
)

#: Words for the side of a joint.
SIDES = {
    **dict.fromkeys(('l', 'lt', 'lft', 'left'), 'left'),
    **dict.fromkeys(('r', 'rt', 'rgt', 'right'), 'right'),
}
SIDE_NAMES = set(SIDES.values())
#: What COCO's files must have, and of which kind.
IMAGE_FIELDS = dict(id=WHOLE, file_name=TEXT, width=NUMBER, height=NUMBER)
PERSON_FIELDS = dict(id=WHOLE, image_id=WHOLE, category_id=WHOLE)
#: A person without a mask: 0.53 of the box, as COCO's and mmpose's tools.
AREA_FIX = (
    'Write width * height * 0.53 of the box, or evaluate with use_area=False '
    '(FiniteCocoMetric).'
)
#: A mask lies in its box; rounding does not make it four times as large.
MAX_AREA_OF_BOX = 4.0


def read_coco(file: str, required: Sequence[str], image_fields: dict) -> dict:
    """An annotation file whose entries have fields and ids of their own.

    ``required`` are the lists that it must have, ``image_fields`` the kinds
    of the fields that an image must have.
    """
    content = load_json(file, 'the COCO annotation file', dict)
    check_fields(content, dict.fromkeys(required, ANY), file, 'all')
    kinds = dict(
        images=image_fields,
        categories=dict(id=WHOLE),
        annotations=PERSON_FIELDS,
    )
    for field, fields in kinds.items():
        if field in content:
            _check_entries(content[field], file, field, fields)
    return content


def index_of(content: dict) -> COCO:
    """The index of a file that was read and checked already."""
    coco = COCO()
    coco.dataset = content
    coco.createIndex()
    return coco


def check_joint_names(content: dict, ours: Sequence[str], file: str) -> None:
    """The joints of people: as many as ours, and in order if so named.

    Raises:
        ValueError: If there are more or fewer, or one of ours in another
            place, or a right one in a left one's. An unknown name of its side
            is taken: it may be another word for ours.
    """
    id_ = person_category(content, file)
    for category in content.get('categories', []):
        if category['id'] == id_ and category.get('keypoints'):
            _check_names(category, ours, file)


def _check_names(category: dict, ours: Sequence[str], file: str) -> None:
    names = category['keypoints']
    keys = [plain(name) for name in ours]
    known = {k: i for i, k in enumerate(keys) if k and keys.count(k) == 1}
    texts = isinstance(names, list) and all(isinstance(n, str) for n in names)
    both = set(map(side_of, ours)) >= SIDE_NAMES
    moved = [
        place
        for place, name in enumerate(names[: len(ours)] if texts else [])
        if _place(name, known, place) != place
        or (both and {side_of(name), side_of(ours[place])} >= SIDE_NAMES)
    ]
    if not texts:
        problem = f'must be a list of names, got {shown(names)}'
    elif len(names) != len(ours):
        problem = f'has {len(names)} joints: {names}'
    elif moved and names != list(ours):
        first = moved[0]
        problem = (
            f'has them in another order: joint {first} is {names[first]!r} '
            f'and not {ours[first]!r}'
        )
    else:
        return
    fix = (
        f"The data set's joints are {list(ours)}. Set another joint set by "
        '`metainfo`, or convert the file'
    )
    raise annotation_error(
        file,
        category['id'],
        'categories.keypoints',
        problem,
        fix,
    )


def plain(name: str) -> str:
    """A joint's name without case, signs and order of words.

    Example:
        >>> plain('left_hip') == plain('Hip, left') == plain('LHip')
        True
    """
    return ''.join(sorted(_words(name)))


def side_of(name: str) -> str:
    """The side that a name says, left or right; else, or of both, ''.

    Example:
        >>> side_of('kp_left_eye'), side_of('righteye'), side_of('nose')
        ('left', 'right', '')
    """
    sides = {
        side
        for word in _words(name)
        for side in SIDE_NAMES
        if word.startswith(side) or word.endswith(side)
    }
    return sides.pop() if len(sides) == 1 else ''


def _words(name: str) -> List[str]:
    """The words of a name, each side as ``left`` or ``right``."""
    name = re.sub(r"\b[lL]['’]", '', name)  # French, no side
    words = re.findall(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+', name)
    return [SIDES.get(word.lower(), word.lower()) for word in words]


def _place(name: str, known: Dict[str, int], default: int) -> int:
    """The place of a name; ``leye``, ``eyel`` are short for ``left_eye``."""
    key = plain(name)
    short = (f'{key[:1]}_{key[1:]}', f'{key[-1:]}_{key[:-1]}')
    found = [known[k] for k in (key, *map(plain, short)) if k in known]
    return found[0] if found else default


def check_person(
    person: dict, file: str, joints: Optional[int] = None
) -> bool:
    """Check the numbers of a COCO annotation, and how many joints it has.

    Returns:
        bool: Whether it is a single person with a labelled joint, which a
        metric scores.
    """
    id_ = person['id']
    if person.get('iscrowd', 0) not in (0, 1):
        problem = f'must be 0 or 1, got {shown(person["iscrowd"])}'
        raise annotation_error(file, id_, 'iscrowd', problem)
    for field, most in (('num_keypoints', MAX_PX), ('area', MAX_PX**2)):
        if field in person:
            number_within(person[field], file, id_, field, 0, most)
    if 'bbox' not in person or 'keypoints' not in person:
        return False
    box = float_field(person['bbox'], file, id_, 'bbox', (4,))
    if min(box[2:]) < 0:
        problem = f'has a negative side: {shown(person["bbox"])}'
        raise annotation_error(file, id_, 'bbox', problem)
    given = person['keypoints']
    size = len(given) if isinstance(given, list) else 0
    size = size if joints is None else 3 * joints
    values = float_field(given, file, id_, 'keypoints', (size,))
    visible = values[2::3]
    if not size or size % 3 or ((visible < 0) | (visible > 2)).any():
        problem = 'must be x, y, v of each joint, with v in 0..2'
        raise annotation_error(file, id_, 'keypoints', problem)
    labelled = int((visible > 0).sum())
    # mmpose leaves people of 0 out of the samples, and scores them.
    if bool(person.get('num_keypoints', labelled)) != bool(labelled):
        problem = (
            f'is {person["num_keypoints"]}, but `keypoints` has {labelled} '
            'labelled joints (v > 0)'
        )
        raise annotation_error(file, id_, 'num_keypoints', problem)
    return bool(labelled) and not person.get('iscrowd')


def check_area(person: dict, file: str) -> None:
    """The area of a scored person: OKS divides by it."""
    area, (width, height) = person['area'], person['bbox'][2:]
    if not 1 <= area <= MAX_AREA_OF_BOX * max(width * height, 1):
        problem = (
            f'is {shown(area)} with a `bbox` of {width} x {height} px: it '
            'makes the AP meaningless'
        )
        raise annotation_error(file, person['id'], 'area', problem, AREA_FIX)


def _check_entries(entries, file: str, what: str, fields: dict) -> None:
    check_fields({what: entries}, {what: LIST}, file, 'all')
    by_id: dict = {}
    for number, entry in enumerate(entries):
        place = f'{number} (its place in `{what}`)'
        check_fields(entry, dict(id=WHOLE), file, place)
        check_fields(entry, fields, file, entry['id'])
        if by_id.setdefault(entry['id'], entry) is not entry:
            problem = f'is used twice in `{what}`'
            fix = 'Give every entry a unique id.'
            raise annotation_error(file, entry['id'], 'id', problem, fix)
