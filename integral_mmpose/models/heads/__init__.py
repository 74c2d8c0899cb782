"""Heads: integral (H*, I*), direct regression (R1) and multi-stage."""

from .direct_regression_head import DirectRegressionHead
from .integral_head import IntegralHead
from .multi_stage_head import IntegralMultiStageHead

__all__ = ['DirectRegressionHead', 'IntegralHead', 'IntegralMultiStageHead']
