import doctest
import json

import numpy as np
import pytest

from integral_mmpose.datasets import checks, joints, seeding
from integral_mmpose.datasets.body import h36m_files, mpii_box, mpii_joints
from integral_mmpose.inference.box_files import load_boxes


@pytest.mark.parametrize(
    'module', [checks, joints, seeding, h36m_files, mpii_box, mpii_joints]
)
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.failed == 0 and result.attempted > 0


def test_the_smallest_integer_is_refused():
    """abs(-2**63) is negative in int64."""
    with pytest.raises(ValueError, match='a.json: id 0: field `x`'):
        checks.float_field(-(2**63), 'a.json', 0, 'x', ())


def test_load_npz_reads_only_what_is_asked(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez(path, a=np.ones(2), evil=np.array([object()]))
    data = checks.load_npz(str(path), 'the file', ['a'])
    assert list(data) == ['a'] and data['a'].tolist() == [1, 1]


@pytest.mark.parametrize('read', ['annotations', 'boxes'])
def test_a_key_that_stands_twice(tmp_path, read):
    """Negative control: Python keeps the last value in silence."""
    text = '[{"image_id": 1, "bbox": [{"image_id": 3}], "image_id": 2}]'
    assert json.loads(text)[0]['image_id'] == 2
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(ValueError, match="a.json.*'image_id' is repeated"):
        if read == 'boxes':
            load_boxes(str(path))
        else:
            checks.load_json(str(path), 'the file', list)
    path.write_text(text.replace('"image_id": 2', '"id": 2'))
    assert checks.load_json(str(path), 'the file', list)[0]['id'] == 2
