"""The claims of the paper, as functions that yield comparisons of cells."""

from . import in_2d, in_3d, in_text  # noqa: F401, in the order of the paper
from .judge import (
    CLAIMS,
    COUNTS,
    NOT_RUN,
    OTHER_WORKS,
    TEST_SET,
    TWO_SETS,
    Claim,
    Verdict,
    judge,
)

__all__ = [
    'CLAIMS',
    'COUNTS',
    'NOT_RUN',
    'OTHER_WORKS',
    'TEST_SET',
    'TWO_SETS',
    'Claim',
    'Verdict',
    'judge',
]
