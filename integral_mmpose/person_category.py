"""Which entries of a file in COCO's layout are people."""

#: COCO's category of persons, which mmpose's CocoDataset fixes, too.
PERSON = 1


def person_category(content: dict, file: str, joints: bool = True) -> int:
    """The category of people: one in use that lists joints or is named person.

    Of several with joints it is the one named person. Without ``joints`` the
    name counts first. Where nothing tells, it is COCO's 1, or the category
    that all annotations have.

    Raises:
        ValueError: If there are several without COCO's, or one that the file
            does not list.
    """
    people = content.get('annotations', [])
    used = {person['category_id'] for person in people}
    categories = content.get('categories', [])
    known = {category['id'] for category in categories}
    if known and not used <= known:
        raise ValueError(
            f'{file}: annotations have `category_id` {sorted(used - known)}, '
            'which `categories` does not list. Complete or correct them.'
        )
    named = {c['id'] for c in categories if c.get('name') == 'person'}
    jointed = {c['id'] for c in categories if c.get('keypoints')}
    with_joints, with_name = used & jointed, used & named
    order = [with_joints & named, with_joints, with_name, named]
    for fitting in order if joints else [with_name, named, with_joints]:
        if len(fitting) == 1:
            return fitting.pop()
    if PERSON in used or not used:
        return PERSON
    if len(used) > 1:
        raise ValueError(
            f'{file}: annotations have `category_id` {sorted(used)}: which '
            f'are people? Give them {PERSON}, as COCO does.'
        )
    return used.pop()
