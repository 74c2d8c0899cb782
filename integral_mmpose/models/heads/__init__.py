"""Heads: integral (H*, I*) and direct regression (R1)."""

from .direct_regression_head import DirectRegressionHead
from .integral_head import IntegralHead

__all__ = ['DirectRegressionHead', 'IntegralHead']
