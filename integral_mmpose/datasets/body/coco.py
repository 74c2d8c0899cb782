"""COCO with checked files: nothing is dropped in silence.

mmpose's CocoDataset passes over detections of other categories and over
people it cannot use without a word, ends with a bare KeyError at a detection
of an image that it does not know, and with an AssertionError where a file is
missing. This one says which file, which id and what to do, and counts what it
leaves out.
"""

import glob
import os.path as osp
from typing import Dict, List, Optional, Sequence, Tuple

import mmpose
import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets import CocoDataset
from mmpose.registry import DATASETS

from ..checks import (
    MAX_AREA_PX,
    annotation_error,
    load_json,
    numbers,
    refuse_sample_interval,
    require_root,
)
from ..metainfo import FlatMetainfo

#: COCO's category of persons, which mmpose's CocoDataset fixes, too.
PERSON = 1
FIELDS = ('image_id', 'category_id', 'bbox', 'score')
#: What COCO's files must have, and of which type.
WHOLE, NUMBER, TEXT = int, (int, float), str
IMAGE_FIELDS = dict(id=WHOLE, file_name=TEXT, width=NUMBER, height=NUMBER)
PERSON_FIELDS = dict(id=WHOLE, image_id=WHOLE, category_id=WHOLE)
KINDS = {WHOLE: 'a whole number', NUMBER: 'a number', TEXT: 'text'}
DETECT = 'Write it with tools/detect_persons.py.'
_SHOWN = 5


def _joint_set() -> dict:
    """mmpose's own, by its full path: by its short one mmpose warns."""
    short = CocoDataset.METAINFO['from_file']
    folder = osp.dirname(mmpose.__file__)
    places = (osp.join(folder, '.mim'), osp.dirname(folder))
    found = [osp.join(place, short) for place in places]
    return dict(from_file=next(filter(osp.isfile, found), short))


@DATASETS.register_module()
class CocoCheckedDataset(FlatMetainfo, CocoDataset):
    """mmpose's CocoDataset, 17 joints, with errors that name their place.

    Convention: ``bbox_file`` is a path or a pattern that fits one file,
    relative to the working directory or, where nothing is there, to
    ``data_root``. Its boxes are tight: left, top, width, height in image px.

    Arguments are those of ``CocoDataset``.

    Raises:
        FileNotFoundError, ValueError: Naming file, id, field and the fix.
    """

    METAINFO = _joint_set()

    def __init__(self, *args, **kwargs):
        refuse_sample_interval(kwargs)
        super().__init__(*args, **kwargs)

    def _load_annotations(self) -> Tuple[List[dict], List[dict]]:
        self._read_file('images', 'annotations')
        return super()._load_annotations()

    def _read_file(self, *required: str) -> dict:
        """The annotation file, its ids unique and its fields in place."""
        require_root(self.data_root, type(self).__name__)
        file = self.ann_file
        content = load_json(file, 'the COCO annotation file', dict)
        for field in required:
            if field not in content:
                raise annotation_error(file, 'all', field, 'is missing')
        images = entries_by_id(content['images'], file, 'images', IMAGE_FIELDS)
        people = entries_by_id(
            content.get('annotations', []), file, 'annotations', PERSON_FIELDS
        )
        orphans = {person['image_id'] for person in people.values()}
        orphans -= set(images)
        if orphans:
            raise ValueError(
                f'{file}: annotations of {_listed(orphans, "image")} that '
                'the file does not list. Complete or remove them.'
            )
        return content

    def parse_data_info(self, raw_data_info: dict) -> Optional[dict]:
        """One person, or None without a box or joints.

        Raises:
            ValueError: If a number is missing or not finite.
        """
        ann = raw_data_info['raw_ann_info']
        id_ = ann['id']
        if 'area' in ann:
            numbers(ann['area'], self.ann_file, id_, 'area', (), MAX_AREA_PX)
        if 'bbox' in ann and 'keypoints' in ann:
            numbers(ann['bbox'], self.ann_file, id_, 'bbox', (4,))
            shape = (3 * self.metainfo['num_keypoints'],)
            numbers(ann['keypoints'], self.ann_file, id_, 'keypoints', shape)
        info = super().parse_data_info(raw_data_info)
        if info is not None:
            info['has_depth'] = np.zeros(1, np.float32)
        return info

    def _get_topdown_data_infos(self, instance_list: List[Dict]) -> List[Dict]:
        kept = super()._get_topdown_data_infos(instance_list)
        total = len(self.coco.anns)
        if not kept:
            raise ValueError(
                f'{self.ann_file}: none of its {total} annotations has a box '
                'and labelled joints. Test data without joints need '
                '`bbox_file`.'
            )
        print_log(
            f'{self.ann_file}: {len(kept)} of {total} people are used; the '
            f'other {total - len(kept)} are crowds or have no box or no '
            'labelled joint',
            'current',
        )
        return kept

    def _load_detection_results(self) -> List[dict]:
        content = self._read_file('images', 'categories')
        self._metainfo['CLASSES'] = content['categories']
        images = {image['id']: image for image in content['images']}
        self.bbox_file = self._find_boxes(self.bbox_file)
        found = load_json(self.bbox_file, 'the detection file', list)
        boxes, left_out = [], dict(category=0, size=0)
        for number, detection in enumerate(found):
            box = self._box(detection, number)
            if detection['category_id'] != PERSON:
                left_out['category'] += 1
            elif min(box[2:]) <= 0:
                left_out['size'] += 1
            else:
                boxes.append((detection, box))
        self._report(images, [d['image_id'] for d, _ in boxes], left_out)
        return [
            self._detected(id_, detection, box, images)
            for id_, (detection, box) in enumerate(boxes)
        ]

    def _find_boxes(self, pattern: str) -> str:
        """The one detection file that fits."""
        places = [pattern]
        if self.data_root:
            places.append(osp.join(glob.escape(self.data_root), pattern))
        for place in places:
            fitting = [place] if osp.isfile(place) else glob.glob(place)
            if len(fitting) > 1:
                raise ValueError(
                    f'{len(fitting)} detection files fit {pattern}: '
                    f'{sorted(fitting)}. Name one by `bbox_file`.'
                )
            if fitting:
                return fitting[0]
        raise FileNotFoundError(
            f'the detection file: {" and ".join(places)} do not exist. '
            f'{DETECT}'
        )

    def _box(self, detection: dict, number: int) -> np.ndarray:
        """(4,) left, top, width, height of a detection with all fields."""
        file = self.bbox_file
        for field in FIELDS:
            if not isinstance(detection, dict) or field not in detection:
                raise annotation_error(
                    file, f'{number} (its place)', field, 'is missing', DETECT
                )
        id_ = f'{number} (image_id {detection["image_id"]})'
        numbers(detection['score'], file, id_, 'score', ())
        return numbers(detection['bbox'], file, id_, 'bbox', (4,))

    def _report(
        self, images: dict, image_ids: Sequence[int], left_out: dict
    ) -> None:
        """Refuse boxes of other images; count what is left out."""
        unknown = set(image_ids) - set(images)
        if unknown:
            raise ValueError(
                f'{self.bbox_file}: boxes of {_listed(unknown, "image")} '
                f'that {self.ann_file} does not list: it is of another '
                f'split. Correct `bbox_file` or `ann_file`. {DETECT}'
            )
        if not image_ids:
            raise ValueError(
                f'{self.bbox_file}: holds no person (category_id {PERSON}). '
                f'{DETECT}'
            )
        texts = []
        if left_out['category']:
            texts.append(
                f'{left_out["category"]} detections of other categories '
                f'than {PERSON} (person) are left out'
            )
        if left_out['size']:
            texts.append(f'{left_out["size"]} boxes without area are left out')
        empty = set(images) - set(image_ids)
        if empty:
            texts.append(
                f'no person was detected in {_listed(empty, "image")}'
            )
        for text in texts:
            print_log(f'{self.bbox_file}: {text}', 'current', level=30)

    def _detected(
        self, id_: int, detection: dict, box: np.ndarray, images: dict
    ) -> dict:
        image = images[detection['image_id']]
        count = self.metainfo['num_keypoints']
        return dict(
            id=id_,
            img_id=image['id'],
            img_path=osp.join(self.data_prefix['img'], image['file_name']),
            img_shape=(image['height'], image['width']),
            bbox=np.concatenate([box[:2], box[:2] + box[2:]])[None],
            bbox_score=np.array([detection['score']], np.float32),
            # Placeholders, as in mmpose: there is no ground truth.
            keypoints=np.zeros((1, count, 2), np.float32),
            keypoints_visible=np.ones((1, count), np.float32),
            has_depth=np.zeros(1, np.float32),
        )


def entries_by_id(
    entries, file: str, what: str, fields: dict
) -> Dict[object, dict]:
    """The entries of a list of the file, by their id.

    ``fields`` is what each must have, and of which type.

    Raises:
        ValueError: If one is no object, lacks a field, has one of another
            type, or has the id of another.
    """
    if not isinstance(entries, list):
        raise annotation_error(
            file, 'all', what, f'must be a list, got {str(entries)[:60]}'
        )
    by_id: Dict[object, dict] = {}
    for number, entry in enumerate(entries):
        place = f'{number} (its place in `{what}`)'
        for field, kind in fields.items():
            if not isinstance(entry, dict) or field not in entry:
                raise annotation_error(file, place, field, 'is missing')
            if not isinstance(entry[field], kind):
                problem = f'must be {KINDS[kind]}, got {entry[field]!r:.60}'
                raise annotation_error(file, place, field, problem)
            if field == 'id':
                place = entry['id']
        if by_id.setdefault(entry['id'], entry) is not entry:
            raise annotation_error(
                file,
                entry['id'],
                'id',
                f'stands twice in `{what}`',
                'Count the ids anew: they tell one from the other.',
            )
    return by_id


def _listed(ids, noun: str) -> str:
    """Such as: 7 images (ids 1, 2, 3, 4, 5, ...)."""
    names = ', '.join(map(str, sorted(ids, key=str)[:_SHOWN]))
    more = ', ...' if len(ids) > _SHOWN else ''
    plural = '' if len(ids) == 1 else 's'
    return f'{len(ids)} {noun}{plural} (ids {names}{more})'
