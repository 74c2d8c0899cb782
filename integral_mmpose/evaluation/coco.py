"""CocoMetric that rejects predictions that are not finite."""

from typing import Dict, Optional, Sequence

import numpy as np
from mmengine.logging import MessageHub
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import METRICS

from ..datasets.body.coco_files import (
    check_area,
    check_joint_names,
    check_person,
    index_of,
    read_coco,
)
from ..datasets.checks import WHOLE, annotation_error, detected_box
from ..person_category import person_category
from .finite import CheckedSample, refuse_twice


@METRICS.register_module()
class FiniteCocoMetric(CocoMetric):
    """MMPose's CocoMetric, after a check that every keypoint is finite.

    Args:
        ann_file (str, optional): The truth; that of the data set without.
        **kwargs: Of ``CocoMetric``.
    """

    def __init__(self, ann_file: Optional[str] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.ann_file = ann_file
        self._checked = False
        if ann_file is not None:
            self._read_truth(ann_file)

    def _read_truth(self, ann_file: str) -> None:
        self.ann_file = ann_file
        lists = ['images'] + ['annotations'] * (not self.format_only)
        self.coco = index_of(read_coco(ann_file, lists, dict(id=WHOLE)))

    @CocoMetric.dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        """The joints of the data set, which the truth must have, too."""
        known = meta or {}
        ours = known.get('person_category') is not None
        file = known.get('ann_file')  # of its source, or mmpose's note of it
        if ours and not file:
            hub = MessageHub.get_current_instance()
            file = hub.get_info(f'{known["dataset_name"]}_ann_file')
        if self.coco is None and file:
            self._read_truth(file)
        sigmas = known.get('file_sigmas')
        if sigmas is not None:  # ConvertJoints; the truth is as in the file
            if not (self.gt_converter or self.pred_converter):
                raise ValueError(
                    'CocoMetric: the data set converts joints (ConvertJoints) '
                    'and the truth has those of the file: give gt_converter='
                    "dict(type='KeypointConverter', num_keypoints="
                    f'{known["num_keypoints"]}, mapping=[(source, target), '
                    '...])'
                )
            meta = dict(meta, sigmas=sigmas, num_keypoints=len(sigmas))
        CocoMetric.dataset_meta.fset(self, meta)
        if self.coco and not self.format_only:
            if ours:
                self._keep_people(meta)
            self._check_truth()

    def _keep_people(self, meta: dict) -> None:
        """The truth of a data set that leaves out other categories."""
        content, file = self.coco.dataset, self.ann_file or 'the truth'
        if not (self.gt_converter or self.pred_converter):
            names = list(meta['keypoint_id2name'].values())
            check_joint_names(content, names, file)
        person = person_category(content, file)
        people = [
            entry
            for entry in content['annotations']
            if entry['category_id'] == person
        ]
        self.coco = index_of(dict(content, annotations=people))

    def _check_truth(self) -> None:
        """What would end in a KeyError, or in a meaningless AP."""
        self._checked = True
        file = self.ann_file or 'the truth'
        if 'categories' not in self.coco.dataset:
            raise annotation_error(file, 'all', 'categories', 'is missing')
        for person in self.coco.anns.values():
            self._check_person(person, file)

    def _check_person(self, person: dict, file: str) -> None:
        used = ['bbox', 'keypoints'] + ['area'] * self.use_area
        missing = [name for name in used if name not in person]
        if missing:
            fix = 'Add it (without areas: use_area=False).'
            raise annotation_error(
                file, person['id'], missing[0], 'is missing', fix
            )
        if not check_person(person, file):
            return
        person.setdefault('iscrowd', 0)  # xtcocotools reads it
        if self.use_area:
            check_area(person, file)
        else:
            detected_box(person['bbox'], file, person['id'])

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Check, then collect a batch.

        Raises:
            ValueError: Naming the image of a prediction that is not finite,
                not 2D or without scores, or that lacks a field.
        """
        if self.coco and not (self._checked or self.format_only):
            self._check_truth()
        for data_sample in data_samples:
            sample = CheckedSample(data_sample, 'CocoMetric')
            keypoints = sample.predicted()
            if keypoints.shape[-1] != 2:
                raise sample.error(
                    'needs 2D keypoints (N, K, 2), got '
                    f'{keypoints.shape}. Evaluate a 2D model'
                )
            scores = sample['pred_instances'].get('keypoint_scores')
            if scores is None:
                raise sample.error(
                    "the field 'keypoint_scores' of the prediction is missing"
                )
            if np.shape(scores) != keypoints.shape[:2]:
                raise sample.error(
                    'keypoint_scores must have the shape '
                    f'{keypoints.shape[:2]}, got {np.shape(scores)}'
                )
            if 'bbox_scales' in sample.truth:
                sample.truth_array('bbox_scales', 'N 2', positive=True)
            for field in ('id', 'img_id', 'gt_instances'):
                sample.required(field)
            if self.coco and sample['img_id'] not in self.coco.imgs:
                raise sample.error(
                    f'img_id {sample["img_id"]} is not in '
                    f'{self.ann_file or "the truth"}. Give the metric the '
                    'annotation file of the data set'
                )
            people = sample.get('raw_ann_info') if self.coco is None else []
            for person in people if isinstance(people, list) else [people]:
                if person:
                    self._check_person(person, sample.name)
        super().process(data_batch, data_samples)

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """The ten numbers.

        Raises:
            ValueError: If a person came twice.
        """
        refuse_twice([(p['img_id'], p['id']) for p, _ in results], 'COCO')
        return super().compute_metrics(results)
