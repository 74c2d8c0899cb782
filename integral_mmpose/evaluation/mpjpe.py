"""MPJPE and PA-MPJPE in mm on Human3.6M, as the paper's public code.

The predicted pixels and relative depths become camera space by the camera and
the depth of the root. The mean is over the 17 joints, the root included.

==============  ==================================================
MPJPE           root upon root
PA-MPJPE        rigid (no scale) over all 18 predicted joints, then
                root upon root again: the public code
PA-MPJPE-rigid  rigid over the 17 joints, nothing after it: the textbook
PA-MPJPE-sim    with scale over the 17 joints: most later work
==============  ==================================================
"""

from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.fileio import dump
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from integral_mmpose.datasets.actions import ACTIONS
from integral_mmpose.geometry import (
    back_project,
    check_choice,
    check_counts,
    joint_distances,
    rigid_align,
    root_align,
    similarity_align,
)

from .evaluation_mode import describe_mode
from .finite import CheckedSample, refuse_twice

#: Source of the root depth -> field of a sample.
DEPTH_FIELDS = dict(gt='root_depth', estimate='root_depth_estimate')


@METRICS.register_module()
class IntegralMPJPE(BaseMetric):
    """MPJPE and three forms of PA-MPJPE, in mm (see the module).

    Overall values weight every frame alike, which is what the paper prints
    as "Avg". What the numbers mean (boxes, root depth, joints, frames,
    sequences left out, flip test) is logged with them, written into
    ``outfile``, and kept in ``evaluation_mode``.

    Args:
        num_joints (int): The first joints that count. Defaults to 17.
        root_depth (str): ``'gt'`` or ``'estimate'`` (the field
            ``root_depth_estimate``). Samples whose z was scaled by the other
            (the field ``depth_source``, from the ``root_depth`` of
            ``H36MImageDataset``) are refused. Defaults to ``'gt'``.
        per_action (bool): Also every error of every action.
        outfile (str, optional): JSON file for the errors of every frame.
        **kwargs: Of ``BaseMetric``.
    """

    default_prefix = 'h36m'

    def __init__(
        self,
        num_joints: int = 17,
        root_depth: str = 'gt',
        per_action: bool = True,
        outfile: Optional[str] = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        check_choice('root_depth', root_depth, DEPTH_FIELDS)
        check_counts(num_joints=num_joints)
        self.num_joints = num_joints
        self.root_depth = root_depth
        self.per_action = per_action
        self.outfile = outfile
        self.evaluation_mode = ''

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Collect the poses of a batch in camera space.

        Raises:
            ValueError: Naming the image, if a prediction is not finite or
                not 3D, a field is missing or broken, or the numbers of
                joints differ.
        """
        for data_sample in data_samples:
            sample = CheckedSample(data_sample, 'MPJPE')
            keypoints = sample.predicted()
            truth = sample.truth_array('keypoints_cam', '1 K 3')
            if keypoints.shape != truth.shape or (
                truth.shape[1] < self.num_joints
            ):
                raise sample.error(
                    f'the prediction {keypoints.shape} must have the shape of '
                    f'the truth {truth.shape}: (1, joints, 3), at least '
                    f'{self.num_joints} joints. Evaluate a 3D model with the '
                    'joints of the data set'
                )
            if self.results and len(truth[0]) != len(self.results[0]['gt']):
                raise sample.error(
                    f'has {len(truth[0])} joints, earlier images have '
                    f'{len(self.results[0]["gt"])}. Evaluate one joint set at '
                    'a time'
                )
            field = DEPTH_FIELDS[self.root_depth]
            depth = sample.truth_array(field, '', positive=True)
            # Ground truth must not come back by the scale of z.
            source = sample.get('depth_source')
            if source not in (None, self.root_depth):
                raise sample.error(
                    f'root_depth={self.root_depth!r}, but the data set scales '
                    f'z by root_depth={source!r}. Give the metric and the '
                    'data set the same root_depth'
                )
            focal = sample.truth_array('focal', '2', positive=True)
            principal = sample.truth_array('principal', '2')
            points = keypoints[0] + [0, 0, float(depth)]
            person = sample.get('id')
            self.results.append(
                dict(
                    pred=back_project(points, focal, principal),
                    gt=truth[0],
                    action=str(sample.required('action')),
                    box=sample.get('box'),
                    joint_set=sample.get('dataset_name'),
                    excluded=sample.get('excluded'),
                    flip_test=sample.get('flip_test'),
                    id=person if person is None else str(person),
                    image=sample.name,
                )
            )

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Errors in mm, overall and by action.

        Raises:
            ValueError: If there is no frame, or one came twice.
        """
        if not results:
            raise ValueError(
                'MPJPE: no frame was evaluated: the data set is empty'
            )
        refuse_twice([(r['image'], r['id']) for r in results], 'MPJPE')
        pred = np.stack([r['pred'] for r in results])
        truth = np.stack([r['gt'] for r in results])
        counted = pred[:, : self.num_joints], truth[:, : self.num_joints]
        errors = {
            'MPJPE': self._errors(pred, truth),
            'PA-MPJPE': self._errors(rigid_align(pred, truth), truth),
            'PA-MPJPE-rigid': joint_distances(
                rigid_align(*counted), counted[1]
            ),
            'PA-MPJPE-sim': joint_distances(
                similarity_align(*counted), counted[1]
            ),
        }
        metrics = {k: float(e.mean()) for k, e in errors.items()}
        actions = np.array([r['action'] for r in results])
        if self.per_action:
            others = sorted(set(actions).difference(ACTIONS))
            in_order = [a for a in ACTIONS if a in actions] + others
            for name in errors:
                for action in in_order:
                    value = errors[name][actions == action].mean()
                    metrics[f'{name}/{action}'] = float(value)
        self.evaluation_mode = describe_mode(
            results, self.root_depth, self.num_joints
        )
        MMLogger.get_current_instance().info(
            ', '.join(f'{name} {metrics[name]:.2f} mm' for name in errors)
            + f': {self.evaluation_mode}'
        )
        if self.outfile:
            self._write(results, errors, metrics)
        return metrics

    def _errors(self, pred: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Distance of every joint in mm, root upon root: (N, joints)."""
        return joint_distances(root_align(pred), root_align(truth))[
            :, : self.num_joints
        ]

    def _write(self, results, errors, metrics) -> None:
        frames = [
            {field: result[field] for field in ('id', 'image', 'action')}
            | {name: float(errors[name][n].mean()) for name in errors}
            for n, result in enumerate(results)
        ]
        content = dict(
            mode=self.evaluation_mode, metrics=metrics, frames=frames
        )
        dump(content, self.outfile, 'json')
