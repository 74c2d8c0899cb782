import doctest

import numpy as np
import pytest

from integral_mmpose.datasets import checks, joints, seeding
from integral_mmpose.datasets.body import h36m_files


@pytest.mark.parametrize('module', [checks, joints, seeding, h36m_files])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.failed == 0 and result.attempted > 0


def test_numbers_refuses_the_smallest_integer():
    """abs(-2**63) is negative in int64."""
    with pytest.raises(ValueError, match='a.json: id 0: field `x`'):
        checks.numbers(-(2**63), 'a.json', 0, 'x', ())


def test_load_npz_reads_only_what_is_asked(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez(path, a=np.ones(2), evil=np.array([object()]))
    data = checks.load_npz(str(path), 'the file', ['a'])
    assert list(data) == ['a'] and data['a'].tolist() == [1, 1]
