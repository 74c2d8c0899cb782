"""PCKh@0.5, PCKh@0.1 and AUC on MPII, pinned as the paper's protocol.

A joint is correct when its distance is at most alpha * head size, with head
size = 0.6 * diagonal of the head box. Coordinates are 0-based on both sides.
AUC is the mean over alpha = 0, 0.01, …, 0.5. Pelvis and thorax are left out
of the mean, and joints are weighted by how often they are labelled.
"""

import json
from typing import Dict, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from integral_mmpose.functional import pck_auc, pck_curve
from .finite import finite_keypoints, required

#: 0, 0.01, …, 0.5: 51 values.
ALPHAS = np.arange(51) / 100
#: Joint groups of the MPII benchmark by MPII's joint numbers.
GROUPS = dict(
    Head=(8, 9), Shoulder=(12, 13), Elbow=(11, 14), Wrist=(10, 15),
    Hip=(2, 3), Knee=(1, 4), Ankle=(0, 5))
#: Pelvis and thorax do not count.
COUNTED = tuple(sorted(joint for group in GROUPS.values() for joint in group))


@METRICS.register_module()
class PCKhCurve(BaseMetric):
    """PCKh over thresholds for the 16 joints of MPII, in percent.

    Args:
        joints (Sequence[int], optional): For each MPII joint its index in the
            prediction, -1 if the model has none; for models with other
            joints. ``None`` for MPII's own order.
        outfile (str, optional): JSON file for the whole curve.
        collect_device (str): ``'cpu'`` or ``'gpu'``.
        prefix (str, optional): Defaults to ``'pckh'``.
    """

    default_prefix = 'pckh'

    def __init__(self,
                 joints: Optional[Sequence[int]] = None,
                 outfile: Optional[str] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if joints is not None and len(joints) != 16:
            raise ValueError(
                f'joints must give an index for each of the 16 joints of '
                f'MPII, got {len(joints)}')
        self.joints = None if joints is None else np.asarray(joints)
        self.outfile = outfile

    def process(self, data_batch: Sequence[dict],
                data_samples: Sequence[dict]) -> None:
        """Collect the distances of a batch, in head sizes.

        Raises:
            ValueError: If a prediction is not finite, a field is missing, or
                a head size is not positive.
        """
        for sample in data_samples:
            pred = finite_keypoints(sample, 'PCKh')[..., :2]
            truth = np.asarray(
                required(sample, 'keypoints', 'PCKh'), np.float64)[..., :2]
            visible = np.asarray(
                required(sample, 'keypoints_visible', 'PCKh')) > 0
            head = np.asarray(
                required(sample, 'head_size', 'PCKh'), np.float64)
            where = sample.get('img_path', sample.get('id'))
            if not (head > 0).all():
                raise ValueError(f'PCKh: {where}: head_size must be positive, '
                                 f'got {head.tolist()}')
            if self.joints is not None:
                visible = visible & (self.joints >= 0)
                pred = pred[:, self.joints]
            if pred.shape != truth.shape or truth.shape[1] != 16:
                raise ValueError(
                    f'PCKh: {where}: 16 joints of MPII are needed, got '
                    f'{pred.shape[1]} predicted and {truth.shape[1]} true: '
                    'give `joints` for a model with other joints')
            # An unlabelled joint may hold any number.
            truth = np.where(visible[..., None], truth, 0)
            distances = np.linalg.norm(pred - truth, axis=-1)
            self.results.append((distances / head.reshape(-1, 1), visible))

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """PCKh@0.5, PCKh@0.1, AUC, and PCKh@0.5 of each joint group."""
        distances, visible = (
            np.concatenate(parts) for parts in zip(*results))
        pck, counts = pck_curve(distances, ALPHAS, visible)
        total = _mean(pck, counts, COUNTED)
        if total is None:
            raise ValueError('PCKh: no joint of the data set is labelled')
        metrics = {
            'PCKh@0.5': float(total[50]),
            'PCKh@0.1': float(total[10]),
            'AUC': float(pck_auc(total))
        }
        for name, joints in GROUPS.items():
            curve = _mean(pck, counts, joints)
            if curve is not None:
                metrics[f'PCKh@0.5/{name}'] = float(curve[50])
        MMLogger.get_current_instance().info(
            f'PCKh: {len(distances)} people, {int(counts.sum())} labelled '
            'joints, boxes of the data set')
        if self.outfile:
            self._write(pck, counts, total, metrics)
        return metrics

    def _write(self, pck, counts, total, metrics) -> None:
        per_joint = {
            str(j): pck[:, j].tolist() for j in COUNTED if counts[j]
        }
        with open(self.outfile, 'w') as file:
            json.dump(
                dict(
                    alpha=ALPHAS.tolist(),
                    PCKh=total.tolist(),
                    PCKh_per_joint=per_joint,
                    counts=counts.tolist(),
                    metrics=metrics), file)


def _mean(pck: np.ndarray, counts: np.ndarray,
          joints: Sequence[int]) -> Optional[np.ndarray]:
    """Curve of some joints, weighted by their counts; None if never seen."""
    joints = [joint for joint in joints if counts[joint]]
    if not joints:
        return None
    return (pck[:, joints] * counts[joints]).sum(1) / counts[joints].sum()
