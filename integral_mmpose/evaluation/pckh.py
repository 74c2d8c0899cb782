"""PCKh@0.5, PCKh@0.1 and AUC on MPII, pinned as the paper's protocol.

A joint is correct when its distance is at most alpha * head size, with head
size = 0.6 * diagonal of the head box. Coordinates are 0-based on both sides.
AUC is the mean over alpha = 0, 0.01, …, 0.5. Pelvis and thorax are left out
of the mean, and joints are weighted by how often they are labelled. Other
joint sets follow the metainfo of their data set.
"""

from typing import Dict, Iterable, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.fileio import dump
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from integral_mmpose.datasets.joints import MPII_NAMES, pckh_groups
from integral_mmpose.geometry import (
    PCK_THRESHOLDS,
    is_count,
    mean_pck,
    pck_curve,
)

from .finite import CheckedSample, as_float64, refuse_twice

#: Of the distances in the file, in head sizes.
DIGITS = 6
HEAD_BOXES = (
    'the data set found no head boxes. Put mpii_gt_{split}.mat beside the '
    'annotations (tools/dataset_converters/mpii_mat_to_json.py writes it), '
    "or give headbox_file. Without head boxes, as in COCO's layout, take "
    'another metric, such as PCKAccuracy'
)


@METRICS.register_module()
class PCKhCurve(BaseMetric):
    """PCKh over thresholds, in percent.

    The joints are those of the data set (its metainfo): MPII's 16, or others.

    Args:
        groups (dict, optional): Name -> indices of the joints of a group,
            for ``PCKh@0.5/{name}``. The mean is over the joints that are in
            a group. By default from the names of the joints, see
            :func:`~integral_mmpose.datasets.joints.pckh_groups`; MPII's own
            groups leave out pelvis and thorax.
        outfile (str, optional): JSON file for the whole curves, in total and
            of each group, and for the distance of every joint of every person
            in head sizes; null where nobody is labelled. ``plot_pckh.py`` and
            ``compare_pckh.py`` of ``tools/analysis_tools`` read it.
        **kwargs: Of ``BaseMetric``.
    """

    default_prefix = 'pckh'

    def __init__(
        self,
        groups: Optional[Dict[str, Sequence[int]]] = None,
        outfile: Optional[str] = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.groups = groups
        self.outfile = outfile

    @property
    def dataset_meta(self) -> Optional[dict]:
        """The metainfo of the data set, known before a training starts.

        Raises:
            ValueError: When it is set and says ``head_boxes=False``, or
                if a group names a joint that the data set does not have.
        """
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, metainfo: Optional[dict]) -> None:
        if (metainfo or {}).get('head_boxes') is False:
            raise ValueError(f'PCKh: {HEAD_BOXES}')
        self._dataset_meta = metainfo
        if metainfo:
            self._joint_groups()

    @property
    def _names(self) -> Sequence[str]:
        """The joints of the data set, MPII's without one."""
        names = (self.dataset_meta or {}).get('keypoint_id2name')
        return MPII_NAMES if names is None else list(names.values())

    def _joint_groups(self) -> Dict[str, Sequence[int]]:
        names = self._names
        if self.groups is None:
            return pckh_groups(names)
        for name, joints in self.groups.items():
            known = isinstance(joints, Iterable) and all(
                is_count(joint, 0) and joint < len(names) for joint in joints
            )
            if not known or not len(joints):
                raise ValueError(
                    f'PCKh: the group {name!r} must list joints in '
                    f'0..{len(names) - 1}, got {joints!r}'
                )
        return self.groups

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Collect the distances of a batch, in head sizes.

        Raises:
            ValueError: Naming the image, if a prediction or a labelled joint
                is not finite, a field is missing or of another shape, or a
                head size is not positive.
        """
        count = len(self._names)
        for data_sample in data_samples:
            sample = CheckedSample(data_sample, 'PCKh')
            pred = sample.predicted()[..., :2]
            visible, truth, head = _truth(sample, len(pred), count)
            if pred.shape != truth.shape:
                raise sample.error(
                    f'the data set has {count} joints, the model predicts '
                    f'{pred.shape[1]}. Convert those of the data set '
                    '(ConvertJoints)'
                )
            distances = np.linalg.norm(pred - truth, axis=-1)
            person = sample.name, sample.get('id')
            self.results.append((distances / head[:, None], visible, person))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """PCKh@0.5, PCKh@0.1, AUC, and PCKh@0.5 of each joint group.

        Raises:
            ValueError: If there is nobody, somebody twice, or no joint is
                labelled.
        """
        if not results:
            raise ValueError(
                'PCKh: nobody was evaluated: the data set is empty'
            )
        *arrays, people = zip(*results)
        refuse_twice(people, 'PCKh')
        distances, visible = map(np.concatenate, arrays)
        pck, counts = pck_curve(distances, PCK_THRESHOLDS, visible)
        groups, names = self._joint_groups(), self._names
        counted = sorted(set().union(*groups.values()))
        total = mean_pck(pck, counts, counted)
        if total is None:
            raise ValueError(
                'PCKh: no joint of a group is labelled. In groups are '
                f'{sorted(names[joint] for joint in counted)}'
            )
        metrics = {
            'PCKh@0.5': float(total[50]),
            'PCKh@0.1': float(total[10]),
            'AUC': float(total.mean()),
        }
        curves = {n: mean_pck(pck, counts, j) for n, j in groups.items()}
        for name, curve in curves.items():
            if curve is not None:
                metrics[f'PCKh@0.5/{name}'] = float(curve[50])
        MMLogger.get_current_instance().info(
            f'PCKh: {len(distances)} people, {int(counts.sum())} labelled '
            'joints, boxes of the data set'
        )
        if self.outfile:
            content = dict(
                alpha=PCK_THRESHOLDS,
                PCKh=total,
                PCKh_per_group=curves,
                counts=counts,
                counted=counted,
                metrics=metrics,
                distances=np.where(visible, distances.round(DIGITS), None),
            )
            dump(content, self.outfile, 'json')
        return metrics


def _truth(sample: CheckedSample, people: int, joint_count: int):
    """Visible (N, K), joints (N, K, 2) in px and head sizes (N,) in px."""
    shape = f'{people} {joint_count}'
    visible = sample.truth_array('keypoints_visible', shape) > 0
    if 'head_size' not in sample.truth and sample.get('head_size') is None:
        raise sample.error(f'`head_size` is missing: {HEAD_BOXES}')
    head = sample.truth_array('head_size', f'{people}', positive=True)
    # An unlabelled joint may hold any number; a third axis is depth.
    field = 'keypoints'
    joints = as_float64(sample.required(field), f'{sample.start}: {field}')
    if joints.shape[:-1] == visible.shape:
        joints = np.where(visible[..., None], joints[..., :2], 0)
    return visible, sample.truth_array(field, f'{shape} 2', value=joints), head
