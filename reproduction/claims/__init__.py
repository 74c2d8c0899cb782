"""The claims of the paper, as functions that yield comparisons of cells."""

from . import (  # noqa: F401, in the order of the paper
    controls,
    in_2d,
    in_3d,
    in_text,
)
from .judge import (
    CLAIMS,
    CONTROLS,
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
    'CONTROLS',
    'COUNTS',
    'NOT_RUN',
    'OTHER_WORKS',
    'TEST_SET',
    'TWO_SETS',
    'Claim',
    'Verdict',
    'judge',
]
