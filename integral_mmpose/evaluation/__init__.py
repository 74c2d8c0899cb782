"""Metrics: the MPJPE family in mm, PCKh in percent, a guard against NaN."""

from .coco import FiniteCocoMetric
from .mpii_submission import MpiiSubmission
from .mpjpe import IntegralMPJPE
from .pckh import PCKhCurve
from .pckh_curves import plot_pckh, read_pckh
from .per_source import PerSourceEvaluator

__all__ = [
    'FiniteCocoMetric',
    'IntegralMPJPE',
    'MpiiSubmission',
    'PCKhCurve',
    'PerSourceEvaluator',
    'plot_pckh',
    'read_pckh',
]
