"""Which entries of a file in COCO's layout are people."""

#: COCO's category of persons, which mmpose's CocoDataset fixes, too.
PERSON = 1


def person_category(content: dict, file: str) -> int:
    """The category of people: the one used that is named person or has joints.

    Where the names do not tell, COCO's 1, or the one that all annotations
    have.

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
    for fitting in (used & named, used & jointed):
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
