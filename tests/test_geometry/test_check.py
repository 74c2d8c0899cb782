"""What counts as a number, for every argument and every file."""

import math
from fractions import Fraction

import numpy as np
import pytest

from integral_mmpose.geometry import (
    check_choice,
    check_counts,
    is_count,
    is_number,
    is_positive,
)

WHOLE = [3, np.int64(3), np.int8(3)]
BROKEN = [0.5, np.float16(0.5), np.float32(0.5), np.float64(0.5)]
NONE = [
    *(True, np.True_, '1', None, [1], np.ones(1), np.array(1), 1j),
    *(math.nan, math.inf, -math.inf, np.float32('nan'), np.float16('inf')),
    10**400,  # no float can hold it
]


@pytest.mark.parametrize('value', [*WHOLE, *BROKEN, Fraction(1, 3)], ids=repr)
def test_numbers(value):
    assert is_number(value) is is_number(-1 * value) is True
    assert is_positive(value) is True
    assert is_positive(0 * value) is is_positive(-1.0 * value) is False


@pytest.mark.parametrize('value', NONE, ids=repr)
def test_what_is_no_number(value):
    assert is_number(value) is is_positive(value) is is_count(value) is False


def test_counts():
    for value in WHOLE:
        assert is_count(value) is is_count(value, least=3) is True
        assert is_count(value, least=4) is False
        assert is_count(0 * value) is False
        assert is_count(0 * value, least=0) is True
    for value in (*BROKEN, 3.0, np.float32(3), -3):
        assert is_count(value) is False


def test_wrong_arguments_are_named():
    check_counts(depth=64, joints=np.int64(1))
    for count in (0, -1, 1.5, True, '3', None):
        message = f'^depth must be a whole.*at least 1, got {count!r}'
        with pytest.raises(ValueError, match=message):
            check_counts(joints=1, depth=count)
    check_choice('box', 'file', ('tight', 'file'))
    message = r"^box must be one of \['file', 'tight'\], got 'x'$"
    with pytest.raises(ValueError, match=message):
        check_choice('box', 'x', ('tight', 'file'))
