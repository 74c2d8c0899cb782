"""Messages that name the argument, the axis, the expected and the actual."""

import numpy as np
import pytest
import torch

from integral_mmpose.functional import check_finite, check_logits
from integral_mmpose.geometry import check_shape


def test_returns_the_size_of_every_axis():
    sizes = check_shape(np.zeros((2, 17, 8, 6)), 'B K H W', 'maps')
    assert sizes == dict(B=2, K=17, H=8, W=6)


@pytest.mark.parametrize('shape', [(17, 3), (4, 17, 3), (4, 5, 17, 3)])
def test_leading_axes(shape):
    assert check_shape(torch.zeros(shape), '... K 3', 'pose') == {'K': 17}


def test_known_sizes_are_compared_and_not_changed():
    known = {'K': 17}
    with pytest.raises(ValueError, match='target: the axis K .* 17, got 16'):
        check_shape(torch.zeros(2, 16), 'B K', 'target', known)
    assert known == {'K': 17}


@pytest.mark.parametrize(
    'shape, pattern, message',
    [
        ((2, 3), 'B K 3', r'pose must have the axes \(B, K, 3\), .*\(2, 3\)'),
        ((2, 3, 4), 'B K', r'axes \(B, K\), got the shape \(2, 3, 4\)'),
        ((3,), '... K 3', r'axes \(\.\.\., K, 3\), got the shape \(3,\)'),
        ((2, 5, 2), 'B K 3', 'the axis 3 must have the size 3, got 2'),
        ((2, 4, 5), 'B N N', 'the axis N must have the size 4, got 5'),
        ((2,), '', r'pose must have the axes \(\), got the shape \(2,\)'),
    ],
)
def test_wrong_shape(shape, pattern, message):
    with pytest.raises(ValueError, match=message):
        check_shape(torch.zeros(shape), pattern, 'pose')


@pytest.mark.parametrize(
    'logits, message',
    [
        (torch.zeros(3, 4, 5), r'logits must have the axes .*\(3, 4, 5\)'),
        (torch.zeros(1, 2, 3, 4, 5, 6), r'\(1, 2, 3, 4, 5, 6\)'),
        (torch.zeros(1, 2, 3, 4, dtype=torch.int64), 'floating point.*int64'),
        (torch.zeros(1, 2, 0, 4), r'empty map: the shape is \(1, 2, 0, 4\)'),
    ],
)
def test_wrong_logits(logits, message):
    with pytest.raises(ValueError, match=message):
        check_logits(logits)


@pytest.mark.parametrize('shape', [(0, 2, 3, 4), (2, 0, 3, 4, 5)])
def test_an_empty_batch_is_fine(shape):
    check_logits(torch.zeros(shape))


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_not_finite(bad):
    values = torch.zeros(2, 3, 4)
    check_finite(values, 'logits')
    values[1, 2, 0] = bad
    values[1, 2, 3] = bad
    message = r'logits: 2 of 24 numbers .* the first at index \(1, 2, 0\)'
    with pytest.raises(ValueError, match=message):
        check_finite(values, 'logits')
