"""COCO's annotation files: read, and checked entry by entry."""

from typing import Optional, Sequence

from xtcocotools.coco import COCO

from ..checks import (
    ANY,
    LIST,
    MAX_PX,
    NUMBER,
    TEXT,
    WHOLE,
    annotation_error,
    check_fields,
    load_json,
    number_within,
    numbers,
    shown,
)

#: COCO's category of persons, which mmpose's CocoDataset fixes, too.
PERSON = 1
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

    Args:
        file (str): The file.
        required (Sequence[str]): Lists that it must have, ``images`` one.
        image_fields (dict): What an image must have: field -> kind.
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


def check_person(
    person: dict, file: str, joints: Optional[int] = None
) -> bool:
    """Check the numbers of a COCO annotation.

    Args:
        person (dict): The annotation.
        file (str): The file, for the message.
        joints (int, optional): How many joints it must have.

    Returns:
        bool: Whether it is a single person with a labelled joint, which a
        metric scores.
    """
    id_ = person['id']
    if person.get('iscrowd', 0) not in (0, 1):
        problem = f'must be 0 or 1, got {shown(person["iscrowd"])}'
        raise annotation_error(file, id_, 'iscrowd', problem)
    if 'num_keypoints' in person:
        count = person['num_keypoints']
        number_within(count, file, id_, 'num_keypoints', 0, MAX_PX)
    if 'area' in person:
        number_within(person['area'], file, id_, 'area', 0, MAX_PX**2)
    if 'bbox' not in person or 'keypoints' not in person:
        return False
    box = numbers(person['bbox'], file, id_, 'bbox', (4,))
    if min(box[2:]) < 0:
        problem = f'has a negative side: {shown(person["bbox"])}'
        raise annotation_error(file, id_, 'bbox', problem)
    given = person['keypoints']
    size = len(given) if isinstance(given, list) else 0
    size = size if joints is None else 3 * joints
    values = numbers(given, file, id_, 'keypoints', (size,))
    visible = values[2::3]
    if not size or size % 3 or ((visible < 0) | (visible > 2)).any():
        problem = 'must be x, y, v of each joint, with v in 0..2'
        raise annotation_error(file, id_, 'keypoints', problem)
    return bool((visible > 0).any()) and not person.get('iscrowd')


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
            problem = f'stands twice in `{what}`'
            fix = 'Count the ids anew: they tell one from the other.'
            raise annotation_error(file, entry['id'], 'id', problem, fix)
