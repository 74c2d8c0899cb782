"""The comparison sees what it must see."""

import time

import numpy as np
import pytest
import torch

from integral_mmpose.export import (
    PoseGraph,
    compare,
    describe_model,
    milliseconds,
    run_module,
)
from integral_mmpose.inference import OnnxPoseModel

CROPS = np.zeros((12, 3, 64, 96), np.float32)


@pytest.fixture
def metadata(models):
    return describe_model(models['integral_3d'], 'a.py')


def answer(keypoint=(0, 0, 0), score=0.5, joints=18, std=None):
    """A run that gives every joint of every crop the same place."""

    def run(crops):
        keypoints = np.tile(np.float32(keypoint), (len(crops), joints, 1))
        scores = np.full(keypoints.shape[:2], np.float32(score))
        if std is None:
            return keypoints, scores
        return keypoints, scores, keypoints * 0 + np.float32(std)

    return run


def test_largest_differences_by_hand(metadata):
    """x is 0.48 of 96 px off, y less; z is 20 of 2000 mm off."""
    found = compare(
        answer(), answer((-0.48, 0.1, 20.0), 0.25), CROPS, metadata
    )
    assert found.px == pytest.approx(0.48)
    assert found.mm == pytest.approx(20)
    assert found.score == pytest.approx(0.25)
    assert found.mean_px == pytest.approx(0.29)
    assert found.mean_mm == pytest.approx(20)
    assert found.fraction == pytest.approx(0.01)  # of the depth range
    found = compare(answer(), answer((0.48, 0, 1.0)), CROPS, metadata)
    assert found.fraction == pytest.approx(0.005)  # of the input size


@pytest.mark.parametrize(
    ('std', 'difference'), [((0.96, 2, 3), 0.01), ((1, 2, 43), 0.02)]
)
def test_standard_deviations_by_hand(metadata, std, difference):
    """0.96 of 96 px or 40 of 2000 mm more; the places are the same."""
    first = (0, 2, 3) if std[2] == 3 else (1, 2, 3)
    found = compare(answer(std=first), answer(std=std), CROPS, metadata)
    assert found.std == pytest.approx(difference)
    assert found.fraction == 0
    assert compare(answer(), answer(), CROPS, metadata).std is None


@pytest.mark.parametrize(('jumps', 'most'), [(4, 0.005), (5, 0.25)])
def test_one_joint_in_fifty_may_jump(metadata, jumps, most):
    """Four of 216 by a quarter of the input, the others by 0.48 px."""
    keypoints = np.zeros((12, 18, 3), np.float32)
    keypoints[..., 0] = 0.48
    keypoints.reshape(-1, 3)[:jumps, 1] = 24
    scores = np.full((12, 18), 0.5, np.float32)
    found = compare(
        answer(), lambda crops: (keypoints, scores), CROPS, metadata, (12,)
    )
    assert found.most == pytest.approx(most)
    assert found.fraction == pytest.approx(0.25)


@pytest.mark.parametrize(('wrong', 'usual'), [(6, 0.005), (7, 0.25)])
def test_a_joint_that_is_wrong_in_most_crops(metadata, wrong, usual):
    """One of 18, in so many of 12 crops; the others by 0.48 of 96 px."""
    keypoints = np.zeros((12, 18, 3), np.float32)
    keypoints[..., 0] = 0.48
    keypoints[:wrong, 7, 1] = 24
    keypoints[wrong - 1, 7, 1] = 0.48 if wrong == 6 else 24
    scores = np.full((12, 18), 0.5, np.float32)
    found = compare(
        answer(), lambda crops: (keypoints, scores), CROPS, metadata, (12,)
    )
    assert found.usual == pytest.approx(usual)
    scores = scores - np.eye(18, dtype=np.float32)[3] * 0.1
    found = compare(
        answer(), lambda crops: (keypoints * 0, scores), CROPS, metadata, (12,)
    )
    assert found.usual == pytest.approx(0.1)


def test_2d_has_no_mm(models):
    metadata = describe_model(models['integral_2d'], 'a.py')
    found = compare(answer((0, 0)), answer((0, 0.96)), CROPS, metadata)
    assert found.mm is found.mean_mm is None
    assert found.fraction == pytest.approx(0.01)


def test_batches_change_their_size(metadata):
    sizes, run = [], answer()

    def watched(crops):
        sizes.append(len(crops))
        return run(crops)

    compare(run, watched, np.repeat(CROPS, 2, 0), metadata, (1, 3, 8))
    assert sizes == [1, 3, 8, 1, 3, 8]


def test_nan_is_no_agreement(metadata):
    nan = answer((np.nan, 0, 0))
    with pytest.raises(ValueError, match='keypoints.*not finite'):
        compare(nan, nan, CROPS, metadata)
    with pytest.raises(ValueError, match='deviations.*not finite'):
        bad = answer(std=(1, 1, np.nan))
        compare(bad, bad, CROPS, metadata)
    with pytest.raises(ValueError, match='scores.*not finite'):
        compare(answer(), answer(score=np.nan), CROPS, metadata)


def test_other_shapes_are_named(metadata):
    with pytest.raises(ValueError, match=r'keypoints.*\(1, 17, 3\)'):
        compare(answer(), answer(joints=17), CROPS, metadata)


def test_changed_weights_are_seen(models, write, crops):
    """Negative control: one weight of the last layer, by a hundredth."""
    model = OnnxPoseModel(write('integral_3d'))
    graph = PoseGraph(models['integral_3d'])
    same = compare(run_module(graph), model, crops, model.metadata)
    with torch.no_grad():
        graph.model.head.final_layer.bias[0] += 0.01
    other = compare(run_module(graph), model, crops, model.metadata)
    assert same.fraction < 1e-5 and other.fraction > 1e-4


def test_times_are_medians_taken_in_turns(monkeypatch):
    """On a clock of our own: the first turn is left out, a stall is one."""
    now, order = [0.0], []
    monkeypatch.setattr(time, 'perf_counter', lambda: now[0])
    seconds = dict(slow=[5, 0.03, 0.9, 0.01], fast=[7, 0.001, 0.002, 0.004])

    def run(name):
        def take(crops):
            now[0] += seconds[name][order.count(name)]
            order.append(name)

        return take

    found = milliseconds((run('slow'), run('fast')), CROPS, repeats=3)
    assert order == ['slow', 'fast'] * 4
    assert found == pytest.approx([30, 2])


def test_a_file_without_standard_deviations_is_named(metadata):
    with pytest.raises(ValueError, match='standard deviations: the model'):
        compare(answer(std=(1, 1, 1)), answer(), CROPS, metadata)
