"""Metrics: the MPJPE family in mm, PCKh in percent, a guard against NaN."""

from .coco import FiniteCocoMetric
from .mpii_submission import MpiiSubmission
from .mpjpe import IntegralMPJPE
from .pckh import PCKhCurve

__all__ = ['FiniteCocoMetric', 'IntegralMPJPE', 'MpiiSubmission', 'PCKhCurve']
