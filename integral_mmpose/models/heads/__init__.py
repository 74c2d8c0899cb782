"""Heads: integral (H*, I*), direct regression (R1) and multi-stage."""

from .direct_regression_head import DirectRegressionHead
from .integral_head import IntegralHead
from .multi_stage_head import MultiStageHead

__all__ = ['DirectRegressionHead', 'IntegralHead', 'MultiStageHead']
