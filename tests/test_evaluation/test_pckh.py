"""PCKh against a loop, hand values and bad input."""

import copy
import json

import numpy as np
import pytest

from integral_mmpose.evaluation import PCKhCurve

from .conftest import pckh_sample


def make_sample(rng, noise=8.0):
    truth = rng.uniform(20, 200, size=(1, 16, 2))
    found = truth + rng.normal(size=truth.shape) * noise
    visible = (rng.random((1, 16)) > 0.2).astype(np.float32)
    head = rng.uniform(20, 40)
    return pckh_sample(found, truth, head, visible, img_path='person.jpg')


def evaluate(samples, **kwargs):
    metric = PCKhCurve(**kwargs)
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def loop_pckh(samples, alpha):
    """Joint by joint; without pelvis (6) and thorax (7)."""
    right = total = 0
    for sample in samples:
        truth = sample['gt_instances']
        for joint in range(16):
            if joint in (6, 7) or not truth['keypoints_visible'][0, joint]:
                continue
            d = (
                sample['pred_instances']['keypoints'][0, joint]
                - truth['keypoints'][0, joint]
            )
            distance = (d[0] ** 2 + d[1] ** 2) ** 0.5
            right += distance <= alpha * truth['head_size'][0]
            total += 1
    return 100 * right / total


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    return [make_sample(rng) for _ in range(40)]


def test_equals_loop(samples, figure):
    metrics = evaluate(samples)
    for at in (0.5, 0.1):
        error = abs(metrics[f'pckh/PCKh@{at}'] - loop_pckh(samples, at))
        figure('R5', 'PCKh against a loop, percent', error, 1e-9)
    auc = np.mean([loop_pckh(samples, a / 100) for a in range(51)])
    assert metrics['pckh/AUC'] == pytest.approx(auc)


def test_truth_as_prediction_is_perfect(samples, tmp_path):
    for sample in samples:
        sample['pred_instances']['keypoints'] = sample['gt_instances'][
            'keypoints'
        ].copy()
    out = tmp_path / 'curve.json'
    metrics = evaluate(samples, outfile=str(out))
    assert metrics['pckh/AUC'] == 100
    assert json.loads(out.read_text())['PCKh'] == [100.0] * 51


def test_one_pixel_off_is_seen(samples):
    """The upstream metric adds 1 to joints that are 1-based already."""
    for sample in samples:
        sample['pred_instances']['keypoints'] = (
            sample['gt_instances']['keypoints'] + 1
        )
        sample['gt_instances']['head_size'][:] = 10.0
    # sqrt(2) px of a head of 10 px: right from alpha = 0.15 on.
    metrics = evaluate(samples)
    assert metrics['pckh/PCKh@0.1'] == 0
    assert metrics['pckh/AUC'] == pytest.approx(100 * 36 / 51)


def test_distance_of_alpha_head_sizes_is_right():
    sample = make_sample(np.random.default_rng(1), noise=0.0)
    sample['gt_instances']['head_size'][:] = 20.0
    sample['gt_instances']['keypoints'][:] = 50.0
    sample['pred_instances']['keypoints'] = np.full((1, 16, 2), 50.0)
    sample['pred_instances']['keypoints'][..., 0] += 10.0
    assert evaluate([sample])['pckh/PCKh@0.5'] == 100
    sample['pred_instances']['keypoints'][..., 0] += 1e-6
    assert evaluate([sample])['pckh/PCKh@0.5'] == 0


def test_pelvis_and_thorax_do_not_count(samples):
    before = evaluate(samples)
    for sample in samples:
        sample['pred_instances']['keypoints'][:, [6, 7]] += 1000
    assert evaluate(samples) == before


def test_unlabelled_joints_may_hold_anything(samples):
    before = evaluate(samples)
    for sample in samples:
        hidden = sample['gt_instances']['keypoints_visible'] == 0
        sample['gt_instances']['keypoints'][hidden] = np.nan
    assert evaluate(samples) == before


def test_groups_by_hand(samples):
    for sample in samples:
        truth = sample['gt_instances']
        sample['pred_instances']['keypoints'] = truth['keypoints'].copy()
        truth['keypoints_visible'][:] = 1
        sample['pred_instances']['keypoints'][:, 10] += 1000  # right wrist
    metrics = evaluate(samples)
    assert metrics['pckh/PCKh@0.5/Wrist'] == 50
    assert metrics['pckh/PCKh@0.5/Elbow'] == 100
    assert metrics['pckh/PCKh@0.5'] == pytest.approx(100 * 13 / 14)


@pytest.mark.parametrize(
    'field', ['keypoints', 'keypoints_visible', 'head_size']
)
def test_missing_field_is_named(samples, field):
    del samples[0]['gt_instances'][field]
    with pytest.raises(ValueError, match=f'person.jpg.*{field}'):
        evaluate(samples)


def test_missing_head_boxes_are_told_by_their_file(samples):
    del samples[0]['gt_instances']['head_size']
    with pytest.raises(ValueError, match=r'Put mpii_gt_\{split\}\.mat beside'):
        evaluate(samples)


def test_bad_numbers(samples):
    bad = copy.deepcopy(samples)
    bad[3]['pred_instances']['keypoints'][0, 2, 1] = np.nan
    with pytest.raises(ValueError, match='person.jpg.*joint 2'):
        evaluate(bad)
    bad = copy.deepcopy(samples)
    bad[3]['gt_instances']['head_size'][:] = 0
    with pytest.raises(ValueError, match='head_size must be positive'):
        evaluate(bad)
    bad = copy.deepcopy(samples)
    for sample in bad:
        sample['gt_instances']['keypoints_visible'][:] = 0
    with pytest.raises(ValueError, match='no joint'):
        evaluate(bad)


def test_exact_hundredths_are_right():
    """0.29 * 100 < 29 in floating point: the distance is divided instead."""
    for hundredth in range(51):
        sample = make_sample(np.random.default_rng(1))
        sample['gt_instances']['head_size'][:] = 100.0
        sample['gt_instances']['keypoints_visible'][:] = 1
        sample['gt_instances']['keypoints'][:] = 0.0
        sample['pred_instances']['keypoints'] = np.zeros((1, 16, 2))
        sample['pred_instances']['keypoints'][..., 1] = hundredth
        auc = evaluate([sample])['pckh/AUC']
        assert auc == pytest.approx(100 * (51 - hundredth) / 51)


def test_depth_of_a_3d_model_is_left_out(samples):
    before = evaluate(samples)
    for sample in samples:
        for instances in (sample['pred_instances'], sample['gt_instances']):
            points = instances['keypoints']
            instances['keypoints'] = np.concatenate(
                [points, np.full((1, 16, 1), 700.0)], -1
            )
    assert evaluate(samples) == before


def test_a_model_with_other_joints_is_told_how(samples):
    samples[0]['pred_instances']['keypoints'] = np.zeros((1, 18, 2))
    message = 'person.jpg.*predicts 18.*ConvertJoints'
    with pytest.raises(ValueError, match=message):
        evaluate(samples)


def test_several_people_of_one_image(samples):
    """Every person is measured by the own head."""

    def join(name, part):
        return np.concatenate([s[part][name] for s in samples])

    together = dict(
        pred_instances=dict(keypoints=join('keypoints', 'pred_instances')),
        gt_instances={
            name: join(name, 'gt_instances')
            for name in ('keypoints', 'keypoints_visible', 'head_size')
        },
        img_path='crowd.jpg',
    )
    assert evaluate([together]) == evaluate(samples)
    together['gt_instances']['head_size'] = np.ones(1)
    with pytest.raises(ValueError, match='head_size: the axis 40 .* got 1'):
        evaluate([together])


def test_a_group_nobody_labelled_is_left_out(samples):
    for sample in samples:
        sample['gt_instances']['keypoints_visible'][:, [0, 5]] = 0
    metrics = evaluate(samples)
    assert 'pckh/PCKh@0.5/Ankle' not in metrics
    assert 'pckh/PCKh@0.5/Knee' in metrics


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_broken_truth_is_named(samples, value):
    bad = copy.deepcopy(samples[0])
    bad['gt_instances']['keypoints_visible'][:] = 1
    bad['gt_instances']['keypoints'][0, 4] = value
    with pytest.raises(ValueError, match='person.jpg: keypoints holds'):
        evaluate([bad])
    bad = copy.deepcopy(samples[0])
    # Every joint would be right of an infinite head.
    bad['gt_instances']['head_size'][:] = value
    with pytest.raises(ValueError, match='person.jpg: head_size'):
        evaluate([bad])


def test_nobody():
    with pytest.raises(ValueError, match='nobody was evaluated'):
        PCKhCurve().compute_metrics([])


@pytest.mark.parametrize('part', ['pred_instances', 'gt_instances'])
def test_missing_part_is_named(samples, part):
    del samples[0][part]
    with pytest.raises(ValueError, match='PCKh: person.jpg'):
        evaluate(samples)


def test_truth_of_other_joints_is_named(samples):
    sample = copy.deepcopy(samples[0])
    sample['gt_instances']['keypoints'] = np.zeros((1, 18, 2))
    with pytest.raises(ValueError, match='keypoints: the axis 16 .* got 18'):
        evaluate([sample])


def twelve_joints(rng):
    """MPII without pelvis, thorax, neck and head, in this order."""
    sample = make_sample(rng)
    keep = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]
    for part in ('pred_instances', 'gt_instances'):
        for field in ('keypoints', 'keypoints_visible'):
            if field in sample[part]:
                sample[part][field] = sample[part][field][:, keep]
    return sample


NAMES = [
    f'{side}_{part}'
    for side, part in zip(
        ['right'] * 3 + ['left'] * 3 + ['right'] * 3 + ['left'] * 3,
        'ankle knee hip hip knee ankle wrist elbow shoulder '
        'shoulder elbow wrist'.split(),
    )
]


@pytest.mark.parametrize(
    'groups,counted',
    [(None, range(12)), (dict(Arms=[6, 7, 8], Feet=[0, 5]), [0, 5, 6, 7, 8])],
)
def test_other_joints_follow_the_metainfo(groups, counted):
    rng = np.random.default_rng(3)
    samples = [twelve_joints(rng) for _ in range(30)]
    metric = PCKhCurve(groups=groups)
    metric.dataset_meta = dict(keypoint_id2name=dict(enumerate(NAMES)))
    metric.process({}, samples)
    metrics = metric.evaluate(len(samples))

    def loop(joints):
        right = total = 0
        for sample in samples:
            truth, found = sample['gt_instances'], sample['pred_instances']
            for joint in joints:
                if truth['keypoints_visible'][0, joint]:
                    x, y = (
                        found['keypoints'][0, joint]
                        - truth['keypoints'][0, joint]
                    )
                    head = truth['head_size'][0]
                    right += (x * x + y * y) ** 0.5 <= 0.5 * head
                    total += 1
        return 100 * right / total

    assert metrics['pckh/PCKh@0.5'] == pytest.approx(loop(counted))
    by_hand = groups or dict(Shoulder=[8, 9], Wrist=[6, 11], Ankle=[0, 5])
    for name, joints in by_hand.items():
        got = metrics[f'pckh/PCKh@0.5/{name}']
        assert got == pytest.approx(loop(joints)), name


def test_the_joints_of_the_data_set_are_not_mpiis():
    """Without the metainfo the same samples are refused."""
    sample = twelve_joints(np.random.default_rng(3))
    with pytest.raises(ValueError, match='visible: the axis 16 .* got 12'):
        evaluate([sample])
    meta = dict(keypoint_id2name=dict(enumerate(NAMES)))
    for joints in ([12], 3, [], [1.0], [True], None):
        metric = PCKhCurve(groups=dict(Arms=joints))
        with pytest.raises(ValueError, match="'Arms' must list joints in 0.."):
            metric.dataset_meta = meta  # set before a training
    metric = PCKhCurve(groups=dict(Arms=np.array([1, 2])))
    metric.dataset_meta = meta
    metric.process({}, [sample])
    assert 'pckh/PCKh@0.5/Arms' in metric.evaluate(1)


def test_joints_that_are_in_no_group_do_not_count():
    sample = twelve_joints(np.random.default_rng(3))
    metric = PCKhCurve()
    names = ['pelvis', *(f'spine_{n}' for n in range(11))]
    metric.dataset_meta = dict(keypoint_id2name=dict(enumerate(names)))
    sample['gt_instances']['keypoints_visible'][:, 1:] = 0
    metric.process({}, [sample])
    with pytest.raises(ValueError, match=r"of a group .* are \['spine_0', 's"):
        metric.evaluate(1)


def test_a_person_counts_once(samples):
    for n, sample in enumerate(samples):
        sample['id'] = n
    # Padding of a distributed sampler is cut off before.
    metric = PCKhCurve()
    metric.process({}, samples + samples[:1])
    assert metric.evaluate(len(samples)) == evaluate(samples)
    with pytest.raises(ValueError, match='person.jpg: id 0 was .* 2 times'):
        evaluate(samples + samples[:1])


@pytest.mark.parametrize('value', [1e300, -1e12, np.inf])
def test_an_absurd_prediction_is_named(samples, value):
    samples[1]['pred_instances']['keypoints'][0, 5, 0] = value
    with pytest.raises(ValueError, match='person.jpg: the predicted joint 5'):
        evaluate(samples)
