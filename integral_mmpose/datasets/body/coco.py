"""COCO with checked files: nothing is dropped in silence.

mmpose's CocoDataset passes over detections of other categories and over
people it cannot use without a word, ends with a bare KeyError at a detection
of an image that it does not know, and with an AssertionError where a file is
missing. This one says which file, which id and what to do, and counts what it
leaves out.
"""

import glob
import logging
import os.path as osp
from typing import Dict, List, Optional, Tuple

import mmpose
import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets import CocoDataset
from mmpose.registry import DATASETS

from ...person_category import PERSON, person_category
from ..checks import (
    ANY,
    MAX_PX,
    WHOLE,
    check_fields,
    float_field,
    listed,
    load_json,
    number_within,
    refuse_many,
    require_root,
    shown,
)
from ..metainfo import FlatMetainfo
from .box_checks import check_boxes_in_images, check_joints_in_boxes
from .coco_files import (
    IMAGE_FIELDS,
    check_joint_names,
    check_person,
    index_of,
    read_coco,
)

DETECTION = dict(image_id=WHOLE, category_id=WHOLE, bbox=ANY, score=ANY)
DETECT = 'Write it with tools/detect_persons.py.'


def _joint_set() -> dict:
    """mmpose's own, by its full path: by its short one mmpose warns."""
    short = CocoDataset.METAINFO['from_file']
    folder = osp.dirname(mmpose.__file__)
    places = (osp.join(folder, '.mim'), osp.dirname(folder))
    found = [osp.join(place, short) for place in places]
    return dict(from_file=next(filter(osp.isfile, found), short))


def _warn(text: str) -> None:
    print_log(text, 'current', level=logging.WARNING)


def _size(image: dict) -> tuple:
    """(w, h) of an image in px, as the file says."""
    return image['width'], image['height']


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

    def _load_annotations(self) -> Tuple[List[dict], List[dict]]:
        content = self._read_file('images', 'annotations')
        self.coco = index_of(content)
        if 'categories' in content:
            self._metainfo['CLASSES'] = self.coco.loadCats(
                self.coco.getCatIds()
            )
        self._person = self._person_id(content)
        self._metainfo['head_boxes'] = False  # asked by PCKh
        images = list(self.coco.imgs.values())
        for image in images:
            path = osp.join(self.data_prefix['img'], image['file_name'])
            image.update(img_id=image['id'], img_path=path)
        pairs = [
            dict(raw_ann_info=person, raw_img_info=image)
            for image in images
            for person in self.coco.imgToAnns[image['id']]
            if person['category_id'] == self._person
        ]
        found = [self.parse_data_info(pair) for pair in pairs]
        people = [info for info in found if info]
        if people:
            self._refuse_malformed(people)
        used = [info for info in people if self._is_valid_instance(info)]
        check_boxes_in_images(used, self.ann_file)
        check_joints_in_boxes(used, self.ann_file)
        return people, images

    def _get_unserialized_subset(self, indices) -> List[dict]:
        kept = super()._get_unserialized_subset(indices)
        if self.test_mode and len(kept) < len(self.data_list):
            # FiniteCocoMetric's: who is not tested is not missed.
            ours = 'img_id' if self.bbox_file else 'id'
            ids = sorted({info[ours] for info in kept})
            self._metainfo['tested'] = {ours.replace('img', 'image'): ids}
        return kept

    def _person_id(self, content: dict) -> int:
        """The category of people, with joints of this data set."""
        id_ = person_category(content, self.ann_file)
        names = list(self.metainfo['keypoint_id2name'].values())
        check_joint_names(content, names, self.ann_file)
        people = content.get('annotations', [])
        others = [p for p in people if p['category_id'] != id_]
        if others:
            _warn(
                f'{self.ann_file}: {len(others)} annotations of other '
                f'categories than {id_} (person) are left out'
            )
        self._metainfo['person_category'] = id_  # FiniteCocoMetric's
        if self.test_mode:
            self._metainfo['ann_file'] = self.ann_file
        return id_

    def _refuse_malformed(self, people: List[dict]) -> None:
        """Stop where many have no box or joints: mmpose leaves them out."""
        everyone = [
            person
            for person in self.coco.anns.values()
            if person['category_id'] == self._person
            and not person.get('iscrowd')
        ]
        lacking = [
            person['id']
            for person in everyone
            if 'bbox' not in person or 'keypoints' not in person
        ]
        empty = [
            info['id']
            for info in people
            if not info['iscrowd']
            and info['keypoints_visible'].any()
            and (info['bbox'][0, 2:] <= info['bbox'][0, :2]).any()
        ]
        for ids, problem in (
            (lacking, 'without `bbox` or `keypoints`'),
            (empty, 'with labelled joints and a `bbox` without area'),
        ):
            refuse_many(ids, len(everyone), self.ann_file, problem)
            if ids:
                what = listed(ids, 'annotation')
                _warn(f'{self.ann_file}: left out {what} {problem}')

    def _read_file(self, *required: str) -> dict:
        """The annotation file, its ids unique and its fields in place."""
        require_root(self.data_root, type(self).__name__)
        file = self.ann_file
        content = read_coco(file, required, IMAGE_FIELDS)
        for image in content['images']:
            for side in ('width', 'height'):
                number_within(image[side], file, image['id'], side, 1, MAX_PX)
        orphans = {p['image_id'] for p in content.get('annotations', [])}
        orphans.difference_update(image['id'] for image in content['images'])
        if orphans:
            raise ValueError(
                f'{file}: annotations of {listed(orphans, "image")} that '
                'the file does not list. Complete or remove them.'
            )
        return content

    def parse_data_info(self, raw_data_info: dict) -> Optional[dict]:
        """One person, or None without a box or joints."""
        check_person(
            raw_data_info['raw_ann_info'],
            self.ann_file,
            self.metainfo['num_keypoints'],
        )
        info = super().parse_data_info(raw_data_info)
        if info is not None:
            info['has_depth'] = np.zeros(1, np.float32)
            info['labelled_size'] = _size(raw_data_info['raw_img_info'])
        return info

    def _get_topdown_data_infos(self, instance_list: List[Dict]) -> List[Dict]:
        kept = super()._get_topdown_data_infos(instance_list)
        entries = self.coco.anns.values()
        total = sum(e['category_id'] == self._person for e in entries)
        if not kept:
            raise ValueError(
                f'{self.ann_file}: none of its {total} annotations of people '
                f'(category {self._person}) has a box and labelled joints. '
                'Test data without joints need `bbox_file`.'
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
        self._person = self._person_id(content)
        images = {image['id']: image for image in content['images']}
        self.bbox_file = self._find_boxes(self.bbox_file)
        entries = load_json(self.bbox_file, 'the detection file', list)
        found = [(d, self._box(d, number)) for number, d in enumerate(entries)]
        people = [(d, box) for d, box in found if d['category_id'] == PERSON]
        boxes = [(d, box) for d, box in people if min(box[2:]) > 0]
        used = {d['image_id'] for d, _ in boxes}
        self._refuse_others(used, set(images))
        empty = set(images) - used
        others, flat = len(found) - len(people), len(people) - len(boxes)
        what = f'detections of other categories than {PERSON} (person)'
        for any_left_out, text in (
            (others, f'{others} {what} are left out'),
            (flat, f'{flat} boxes without area are left out'),
            (empty, f'no person was detected in {listed(empty, "image")}'),
        ):
            if any_left_out:
                _warn(f'{self.bbox_file}: {text}')
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
            f'the detection file: there is no {" or ".join(places)}. {DETECT}'
        )

    def _box(self, detection: dict, number: int) -> np.ndarray:
        """(4,) left, top, width, height of a detection with all fields."""
        file, place = self.bbox_file, f'{number} (its place)'
        check_fields(detection, DETECTION, file, place, DETECT)
        where = f'{number} (image_id {shown(detection["image_id"])})'
        number_within(detection['score'], file, where, 'score', 0, 1)
        return float_field(detection['bbox'], file, where, 'bbox', (4,))

    def _refuse_others(self, used: set, known: set) -> None:
        """Boxes are of images that the annotation file lists."""
        if not used <= known:
            raise ValueError(
                f'{self.bbox_file}: boxes of {listed(used - known, "image")} '
                f'that {self.ann_file} does not list: it is of another '
                f'split. Correct `bbox_file` or `ann_file`. {DETECT}'
            )
        if not used:
            raise ValueError(
                f'{self.bbox_file}: holds no person (category_id {PERSON}). '
                f'{DETECT}'
            )

    def _detected(
        self, id_: int, detection: dict, box: np.ndarray, images: dict
    ) -> dict:
        image = images[detection['image_id']]
        count = self.metainfo['num_keypoints']
        return dict(
            id=id_,
            img_id=image['id'],
            category_id=self._person,  # the metric's, of the annotations
            img_path=osp.join(self.data_prefix['img'], image['file_name']),
            img_shape=(image['height'], image['width']),
            labelled_size=_size(image),
            bbox=np.concatenate([box[:2], box[:2] + box[2:]])[None],
            bbox_score=np.array([detection['score']], np.float32),
            # Placeholders, as in mmpose: there is no ground truth.
            keypoints=np.zeros((1, count, 2), np.float32),
            keypoints_visible=np.ones((1, count), np.float32),
            has_depth=np.zeros(1, np.float32),
        )
