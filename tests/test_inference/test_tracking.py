"""The one-euro filter against the listing of its paper, and the matching."""

import math

import numpy as np
import pytest
import torch
from mmpose.structures.bbox import bbox_overlaps

from integral_mmpose.inference.tracking import (
    MEMORY_FRAMES,
    OneEuroFilter,
    PoseSmoother,
    Tracker,
    box_overlaps,
    match_boxes,
)


def one_euro_of_the_paper(values, rate, min_cutoff, beta, speed_cutoff):
    """Algorithms 1 to 3 of Casiez et al., for scalars."""

    def alpha(cutoff):
        tau, te = 1.0 / (2 * math.pi * cutoff), 1.0 / rate
        return 1.0 / (1.0 + tau / te)

    filtered, dx_hat = [], 0.0
    for i, x in enumerate(values):
        if i == 0:
            filtered.append(x)
            continue
        dx = (x - filtered[-1]) * rate
        a = alpha(speed_cutoff)
        dx_hat = a * dx + (1 - a) * dx_hat
        a = alpha(min_cutoff + beta * abs(dx_hat))
        filtered.append(a * x + (1 - a) * filtered[-1])
    return filtered


@pytest.mark.parametrize('rate', [5.0, 30.0])
@pytest.mark.parametrize('beta', [0.0, 0.7, 9.0])
def test_equals_the_paper(rate, beta):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 3, 2)).cumsum(0)
    before = values.copy()
    filter_ = OneEuroFilter(rate, 1.5, beta, 0.8)
    found = np.stack([filter_(value) for value in values])
    for index in np.ndindex(3, 2):
        expected = one_euro_of_the_paper(
            values[(slice(None), *index)], rate, 1.5, beta, 0.8
        )
        np.testing.assert_allclose(found[(slice(None), *index)], expected)
    np.testing.assert_array_equal(values, before)


def test_noise_shrinks_and_a_still_joint_stays():
    rng = np.random.default_rng(0)
    filter_ = OneEuroFilter(30.0)
    noisy = 5 + 0.01 * rng.normal(size=300)
    found = np.array([filter_(value) for value in noisy])
    assert found[100:].std() < 0.5 * noisy[100:].std()
    assert found[100:].mean() == pytest.approx(5, abs=0.005)


@pytest.mark.parametrize(
    'bad',
    [
        *(dict(rate=0), dict(rate=np.inf), dict(rate=True)),
        *(dict(rate=30, min_cutoff=0), dict(rate=30, min_cutoff=np.inf)),
        *(dict(rate=30, beta=-1), dict(rate=30, beta=np.nan)),
    ],
    ids=str,
)
def test_settings_out_of_range(bad):
    with pytest.raises(ValueError, match='the one-euro filter needs'):
        OneEuroFilter(**bad)


def test_people_are_matched_by_overlap():
    boxes = np.array(
        [[0, 0, 10, 10, 1], [50, 0, 60, 10, 1], [0, 90, 9, 99, 1]]
    )
    old = [np.array([51.0, 0, 61, 10]), np.array([2.0, 0, 12, 10])]
    assert match_boxes(boxes, old) == [1, 0, None]
    assert match_boxes(boxes[:0], old) == []
    assert match_boxes(boxes, []) == [None] * 3


def test_the_largest_overlap_wins():
    old = [np.array([0.0, 0, 10, 10])]
    boxes = np.array([[3.0, 0, 13, 10], [1, 0, 11, 10]])
    assert match_boxes(boxes, old) == [None, 0]


def test_people_who_change_places_in_the_list_keep_their_filter():
    """Two still people, listed in turns: nothing may move."""
    people = [np.full((4, 3), 20.0), np.full((4, 3), 300.0)]
    boxes = np.array([[0.0, 0, 40, 40], [280, 280, 320, 320]])
    smoother, tracker = PoseSmoother('one_euro', 30), Tracker()
    for order in ([0, 1], [1, 0], [0, 1]):
        ids = tracker(boxes[order])
        assert ids == order
        found = smoother(ids, boxes[order], [people[i] for i in order])
        for points, i in zip(found, order):
            np.testing.assert_allclose(points, people[i])


def test_resolution_does_not_matter():
    """Twice the pixels, twice the answer."""
    rng = np.random.default_rng(0)
    walk = 50 + rng.normal(size=(20, 5, 3)).cumsum(0)
    box = np.array([[0.0, 0, 100, 100]])
    small, large = PoseSmoother('one_euro', 30), PoseSmoother('one_euro', 30)
    scale = np.array([2.0, 2.0, 1.0])
    for points in walk:
        [a] = small([0], box, [points])
        [b] = large([0], 2 * box, [points * scale])
        np.testing.assert_allclose(a * scale, b)


def test_a_missed_person_keeps_the_number_and_the_filter():
    """Five missed frames at 30 Hz are one step at 5 Hz; later all is new."""
    box, tracker = np.array([[0.0, 0, 100, 100]]), Tracker()
    still = dict(type='one_euro', min_cutoff=0.1, beta=0.0)
    smoother = PoseSmoother(still, 30)
    assert tracker(box) == [0]
    smoother([0], box, [np.zeros((2, 2))])
    for _ in range(5):
        assert tracker(box[:0]) == []
        assert smoother([], box[:0], []) == []
    assert tracker(box + 10) == [0]
    [found] = smoother([0], box, [np.full((2, 2), 50.0)])
    weight = 1 / (1 + 30 / 6 / (2 * math.pi * 0.1))
    np.testing.assert_allclose(found, 50 * weight)
    for _ in range(MEMORY_FRAMES + 1):
        tracker(box[:0])
        smoother([], box[:0], [])
    assert tracker(box) == [1]
    [found] = smoother([0], box, [np.full((2, 2), 80.0)])
    np.testing.assert_allclose(found, 80)


def test_overlaps_equal_mmposes():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 50, (2, 7, 2))
    boxes = np.concatenate(
        [corners, corners + rng.uniform(1, 40, (2, 7, 2))], -1
    )
    expected = bbox_overlaps(*torch.from_numpy(boxes)).numpy()
    np.testing.assert_allclose(box_overlaps(*boxes), expected, rtol=1e-9)


@pytest.mark.parametrize(
    'smooth', ['kalman', dict(min_cutoff=1), dict(type='one_euro', speed=3)]
)
def test_unknown_filters(smooth):
    with pytest.raises(ValueError, match='smooth'):
        PoseSmoother(smooth, 30)
