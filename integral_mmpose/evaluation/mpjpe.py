"""MPJPE and PA-MPJPE in mm on Human3.6M, as the paper's public code.

The predicted pixels and relative depths become camera space by the camera and
the depth of the root; the poses are put root upon root (MPJPE), or the
prediction is first aligned rigidly, without scale, over all predicted joints
and then put root upon root (PA-MPJPE). The mean is over the 17 joints, the
root included. With scale it is another number: PA-MPJPE-sim.
"""

import json
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from integral_mmpose.functional import (back_project, rigid_align, root_align,
                                        similarity_align)
from .finite import finite_keypoints, required

#: The 15 actions in the order of the paper's tables.
ACTIONS = ('Directions', 'Discussion', 'Eating', 'Greeting', 'Phoning',
           'Posing', 'Purchases', 'Sitting', 'SittingDown', 'Smoking',
           'Photo', 'Waiting', 'Walking', 'WalkDog', 'WalkTogether')
#: Where the depth of the root comes from.
ROOT_DEPTHS = dict(gt='root_depth', estimate='root_depth_estimate')


@METRICS.register_module()
class IntegralMPJPE(BaseMetric):
    """MPJPE, PA-MPJPE (rigid) and PA-MPJPE-sim (with scale), in mm.

    Overall values weight every frame alike, which is what the paper prints
    as "Avg".

    Args:
        num_joints (int): The first joints that count. Defaults to 17.
        root_depth (str): ``'gt'`` or ``'estimate'`` (the field
            ``root_depth_estimate``). Defaults to ``'gt'``.
        per_action (bool): Also MPJPE and PA-MPJPE of every action.
        per_joint (bool): Also MPJPE of every joint.
        mode (str): What the boxes are, printed with the numbers. Defaults to
            ``'box 2000 mm from ground truth'``.
        outfile (str, optional): JSON file for the errors of every frame.
        collect_device (str): ``'cpu'`` or ``'gpu'``.
        prefix (str, optional): Defaults to ``'h36m'``.
    """

    default_prefix = 'h36m'

    def __init__(self,
                 num_joints: int = 17,
                 root_depth: str = 'gt',
                 per_action: bool = True,
                 per_joint: bool = False,
                 mode: str = 'box 2000 mm from ground truth',
                 outfile: Optional[str] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if root_depth not in ROOT_DEPTHS:
            raise ValueError(f'root_depth must be one of '
                             f'{sorted(ROOT_DEPTHS)}, got {root_depth!r}')
        self.num_joints = num_joints
        self.root_depth = root_depth
        self.per_action = per_action
        self.per_joint = per_joint
        self.mode = mode
        self.outfile = outfile

    def process(self, data_batch: Sequence[dict],
                data_samples: Sequence[dict]) -> None:
        """Collect the poses of a batch in camera space.

        Raises:
            ValueError: If a prediction is not finite or not 3D, a field is
                missing, or the numbers of joints differ.
        """
        for sample in data_samples:
            pred = finite_keypoints(sample, 'MPJPE')[0]
            where = sample.get('img_path', sample.get('id'))
            truth = np.asarray(
                required(sample, 'keypoints_cam', 'MPJPE'), np.float64)[0]
            if pred.shape != truth.shape or pred.shape[-1] != 3:
                raise ValueError(
                    f'MPJPE: {where}: the prediction {pred.shape} must have '
                    f'the shape of the truth {truth.shape}: (joints, 3). '
                    'Evaluate a 3D model with the joints of the data set')
            depth = required(sample, ROOT_DEPTHS[self.root_depth], 'MPJPE')
            pred = pred + [0, 0, float(depth)]
            camera = [
                np.asarray(required(sample, key, 'MPJPE'), np.float64)
                for key in ('focal', 'principal')
            ]
            self.results.append(
                dict(
                    pred=back_project(pred, *camera),
                    gt=truth,
                    action=required(sample, 'action', 'MPJPE'),
                    id=str(where)))

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Errors in mm, overall and by action and joint as configured."""
        pred = np.stack([r['pred'] for r in results])
        truth = np.stack([r['gt'] for r in results])
        errors = {
            'MPJPE': self._errors(pred, truth),
            'PA-MPJPE': self._errors(rigid_align(pred, truth), truth),
            'PA-MPJPE-sim': self._errors(similarity_align(pred, truth), truth)
        }
        metrics = {k: float(e.mean()) for k, e in errors.items()}
        actions = np.array([r['action'] for r in results])
        if self.per_action:
            for name in ('MPJPE', 'PA-MPJPE'):
                for action in sorted(set(actions), key=_paper_order):
                    value = errors[name][actions == action].mean()
                    metrics[f'{name}/{action}'] = float(value)
        if self.per_joint:
            for joint, value in enumerate(errors['MPJPE'].mean(0)):
                metrics[f'MPJPE/joint_{joint}'] = float(value)
        MMLogger.get_current_instance().info(
            f'MPJPE: {len(results)} frames, {self.mode}, root depth '
            f'{self.root_depth}, {self.num_joints} joints, rigid alignment '
            f'over {pred.shape[1]} joints (PA-MPJPE-sim: with scale)')
        if self.outfile:
            self._write(results, errors, metrics)
        return metrics

    def _errors(self, pred: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Distance of every joint in mm, root upon root: (N, joints)."""
        distance = root_align(pred) - root_align(truth)
        return np.linalg.norm(distance, axis=-1)[:, :self.num_joints]

    def _write(self, results, errors, metrics) -> None:
        frames = [
            dict(
                id=result['id'],
                action=result['action'],
                **{name: float(errors[name][n].mean()) for name in errors})
            for n, result in enumerate(results)
        ]
        with open(self.outfile, 'w') as file:
            json.dump(dict(metrics=metrics, frames=frames), file)


def _paper_order(action: str):
    known = action in ACTIONS
    return (ACTIONS.index(action) if known else len(ACTIONS), action)
