"""CocoMetric that rejects predictions that are not finite."""

from copy import deepcopy
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

    Where the data set converts joints (``ConvertJoints``), so is the truth:
    a joint without a source counts as not labelled, and the sigmas of the
    others are those of the file.

    Args:
        ann_file (str, optional): The truth; that of the data set without.
        **kwargs: Of ``CocoMetric``. ``gt_converter`` and ``pred_converter``
            are for a data set that does not convert.
    """

    def __init__(self, ann_file: Optional[str] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self._given = ann_file
        self._checked = self._as_read = False
        self._file_joints: Optional[dict] = None  # of a truth to convert
        if ann_file is not None:
            self._read_truth(ann_file)

    def _read_truth(self, ann_file: Optional[str]) -> None:
        self.ann_file, self._checked, self._as_read = ann_file, False, True
        if ann_file is None:
            self.coco = None
            return
        lists = ['images'] + ['annotations'] * (not self.format_only)
        self.coco = index_of(read_coco(ann_file, lists, dict(id=WHOLE)))

    @CocoMetric.dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        """The joints of the data set, which the truth must have, too."""
        known = meta or {}
        ours = known.get('person_category') is not None
        joints = known.get('file_joints')
        self._refuse_conversions(known)
        file = self._given or known.get('ann_file')
        if ours and not file:  # mmpose's note of it
            hub = MessageHub.get_current_instance()
            file = hub.get_info(f'{known["dataset_name"]}_ann_file')
        if not file or file != self.ann_file or not self._as_read:
            self._read_truth(file)
        self._as_read = not (ours or joints)  # it is changed below
        self._file_joints = joints
        meta = dict(known)  # mmpose writes into it
        if joints:
            sources = np.asarray(joints['sources'])
            of_file = np.asarray(joints['sigmas'])[sources]
            meta['sigmas'] = np.where(sources < 0, meta['sigmas'], of_file)
        CocoMetric.dataset_meta.fset(self, meta)
        if joints and not (self.coco or self.format_only):
            raise ValueError(
                'CocoMetric: the data set converts joints and notes no '
                'annotation file: give the metric its ann_file'
            )
        if self.coco and not self.format_only:
            if ours:
                self._keep_people(meta)
            self._check_truth()
            if joints:
                self._convert_truth(sources)

    def _refuse_conversions(self, known: dict) -> None:
        """Those of other joints than the metric's: the AP would be wrong."""
        sources = known.get('sources') or ()
        if any(data.get('test_mode') is False for data in (known, *sources)):
            raise ValueError(
                'CocoMetric: the data set is one of training, which does not '
                'say how it converts joints, and draws another image where '
                'one fails: set test_mode=True'
            )
        mixed = any(source.get('file_joints') for source in sources)
        if mixed and not (self.format_only or self._truth_has_joints(known)):
            raise ValueError(
                'CocoMetric: sources of the mixture convert joints. Evaluate '
                'each source by metrics of its own: PerSourceEvaluator with '
                'one MixedDataset that has all the sources, none of which is '
                'a mixture. Or give the metric an ann_file whose category '
                'lists the joints of the mixture'
            )
        converters = self.gt_converter or self.pred_converter
        if known.get('file_joints') and converters:
            raise ValueError(
                'CocoMetric: the data set converts joints (ConvertJoints), '
                'and the metric converts the truth by the same table: remove '
                'gt_converter and pred_converter'
            )

    def _truth_has_joints(self, known: dict) -> bool:
        """Whether a file was given that names the joints of the metric."""
        if self._given is None:
            return False
        names = list(known['keypoint_id2name'].values())
        categories = self.coco.dataset.get('categories', [])
        return any(names == kind.get('keypoints') for kind in categories)

    def _convert_truth(self, sources: np.ndarray) -> None:
        """By the table of the data set; without a source, not labelled."""
        for person in self.coco.dataset['annotations']:
            given = np.reshape(person['keypoints'], (-1, 3))
            joints = np.where(sources[:, None] < 0, 0, given[sources])
            person['keypoints'] = joints.ravel().tolist()
            person['num_keypoints'] = int((joints[:, 2] > 0).sum())

    def _keep_people(self, meta: dict) -> None:
        """The truth of a data set: people, and of ``indices`` its samples."""
        content, file = self.coco.dataset, self.ann_file or 'the truth'
        if not (self.gt_converter or self.pred_converter):
            joints = self._file_joints or dict(
                names=list(meta['keypoint_id2name'].values())
            )
            check_joint_names(content, joints['names'], file)
        person = person_category(content, file)
        people = [
            entry
            for entry in content['annotations']
            if entry['category_id'] == person
        ]
        for field, ids in (meta.get('tested') or {}).items():
            tested = set(ids)
            people = [p for p in people if p[field] in tested]
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
        if not check_person(person, file, self._joints_of_truth()):
            return
        person.setdefault('iscrowd', 0)  # xtcocotools reads it
        if self.use_area:
            check_area(person, file)
        else:
            detected_box(person['bbox'], file, person['id'])

    def _joints_of_truth(self) -> Optional[int]:
        """How many joints each person of the file must have, if known."""
        if self._file_joints:
            return len(self._file_joints['names'])
        if self.gt_converter or self.pred_converter:
            return None
        return (self.dataset_meta or {}).get('num_keypoints')

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
            self._check_joints(sample)
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

    def _check_joints(self, sample: CheckedSample) -> None:
        """Those of a data set that converts, and does not say so, differ."""
        swaps = (self.dataset_meta or {}).get('flip_indices')
        found = sample.get('flip_indices')
        if self.gt_converter or self.pred_converter or not swaps or not found:
            return
        if list(found) != list(swaps):
            raise sample.error(
                f'its flip_indices are {list(found)}, those of the data set '
                f'{list(swaps)}: the pipeline converts joints, and the data '
                'set does not tell the metric. Use CocoCheckedDataset'
            )

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """The ten numbers.

        Raises:
            ValueError: If a person came twice.
        """
        refuse_twice([(p['img_id'], p['id']) for p, _ in results], 'COCO')
        truth = self.coco
        if self.gt_converter:  # mmpose converts it in place each time
            self.coco = deepcopy(truth)
        try:
            return super().compute_metrics(results)
        finally:
            self.coco = truth
