"""MPJPE against loops and scipy; bad input by field."""

import copy
import json

import numpy as np
import pytest
from mmengine.logging import MMLogger
from scipy.spatial.transform import Rotation

from integral_mmpose.evaluation import IntegralMPJPE
from integral_mmpose.evaluation.mpjpe import ACTIONS

FOCAL, PRINCIPAL = np.array([1100.0, 1200.0]), np.array([500.0, 480.0])


def make_sample(rng, action='Walking', noise=40.0):
    """A true pose, and a prediction given as px and relative depth."""
    depth = rng.uniform(4000, 5000)
    truth = rng.normal(size=(18, 3)) * 300 + [100, -50, depth]
    pred = truth + rng.normal(size=(18, 3)) * noise
    root_depth = truth[0, 2]
    px = FOCAL * pred[:, :2] / pred[:, 2:] + PRINCIPAL
    keypoints = np.concatenate([px, pred[:, 2:] - root_depth], 1)
    sample = dict(
        pred_instances=dict(keypoints=keypoints[None]),
        gt_instances=dict(keypoints_cam=truth[None]),
        action=action,
        root_depth=root_depth,
        focal=FOCAL,
        principal=PRINCIPAL,
        img_path=f'{action}.jpg',
        id=int(rng.integers(1 << 60)),
    )
    return sample, pred, truth


def loop_mpjpe(pred, truth, joints=17):
    errors = []
    for j in range(joints):
        difference = (pred[j] - pred[0]) - (truth[j] - truth[0])
        errors.append(sum(d * d for d in difference) ** 0.5)
    return sum(errors) / joints


def scipy_aligned(pred, truth, with_scale):
    a, b = pred - pred.mean(0), truth - truth.mean(0)
    rotation, _ = Rotation.align_vectors(b, a)
    turned = rotation.apply(a)
    if with_scale:
        turned = turned * (turned * b).sum() / (turned * turned).sum()
    return turned + truth.mean(0)


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    actions = ['Walking', 'Photo', 'Walking', 'Directions', 'Photo']
    return [make_sample(rng, action) for action in actions]


def evaluated(samples, **kwargs):
    """The metric and its numbers."""
    metric = IntegralMPJPE(**kwargs)
    metric.process({}, samples)
    return metric, metric.evaluate(len(samples))


def evaluate(samples, **kwargs):
    return evaluated(samples, **kwargs)[1]


def mode_of(samples, **kwargs):
    return evaluated(samples, **kwargs)[0].evaluation_mode


def test_equals_loop_and_scipy(batch, figure):
    metrics = evaluate([s for s, _, _ in batch])
    expected = np.mean([loop_mpjpe(p, t) for _, p, t in batch])
    error = abs(metrics['h36m/MPJPE'] - expected)
    figure('R5', 'MPJPE against a loop, mm', error, 1e-9)
    expected = np.mean(
        [loop_mpjpe(scipy_aligned(p, t, False), t) for _, p, t in batch]
    )
    assert metrics['h36m/PA-MPJPE'] == pytest.approx(expected, abs=1e-9)
    for name, with_scale in (('rigid', False), ('sim', True)):
        expected = np.mean([textbook(p, t, with_scale) for _, p, t in batch])
        found = metrics[f'h36m/PA-MPJPE-{name}']
        assert found == pytest.approx(expected, abs=1e-9)


def textbook(pred, truth, with_scale):
    """Aligned over the 17 joints alone, and not put root upon root."""
    pred, truth = pred[:17], truth[:17]
    aligned = scipy_aligned(pred, truth, with_scale)
    return np.linalg.norm(aligned - truth, axis=-1).mean()


def test_two_rigid_forms_on_noise():
    """Root upon root again adds the root's own error to every joint."""
    rng = np.random.default_rng(0)
    batch = [make_sample(rng, noise=60.0) for _ in range(50)]
    metrics = evaluate([s for s, _, _ in batch])
    public, rigid = (
        metrics[f'h36m/{name}'] for name in ('PA-MPJPE', 'PA-MPJPE-rigid')
    )
    # Independent noise of two joints against that of one, less what the six
    # parameters of 17 x 3 numbers take away.
    assert public / rigid == pytest.approx(2**0.5, rel=0.06)
    # A pose without an error has none in either form.
    sample, _, _ = make_sample(rng, noise=0.0)
    found = evaluate([sample])
    assert found['h36m/PA-MPJPE-rigid'] == pytest.approx(0, abs=1e-9)


def test_scale_is_not_aligned_away_by_the_rigid_form():
    rng = np.random.default_rng(1)
    sample, _, truth = make_sample(rng, noise=0.0)
    larger = (truth - truth[0]) * 1.1 + truth[0]
    px = FOCAL * larger[:, :2] / larger[:, 2:] + PRINCIPAL
    sample['pred_instances']['keypoints'] = np.concatenate(
        [px, larger[:, 2:] - truth[0, 2]], 1
    )[None]
    metrics = evaluate([sample])
    # Without scale: 10 % of the distance to the root remains.
    distance = np.linalg.norm(truth - truth[0], axis=-1)[:17].mean()
    assert metrics['h36m/MPJPE'] == pytest.approx(0.1 * distance)
    assert metrics['h36m/PA-MPJPE'] == pytest.approx(0.1 * distance)
    assert metrics['h36m/PA-MPJPE-sim'] == pytest.approx(0, abs=1e-9)


def test_overall_weights_frames_and_actions_are_apart(batch):
    metrics = evaluate([s for s, _, _ in batch])
    for action in ('Walking', 'Photo', 'Directions'):
        chosen = [(p, t) for s, p, t in batch if s['action'] == action]
        expected = np.mean([loop_mpjpe(p, t) for p, t in chosen])
        assert metrics[f'h36m/MPJPE/{action}'] == pytest.approx(expected)
        for name, with_scale in (('rigid', False), ('sim', True)):
            expected = np.mean([textbook(p, t, with_scale) for p, t in chosen])
            found = metrics[f'h36m/PA-MPJPE-{name}/{action}']
            assert found == pytest.approx(expected)
    order = [k for k in metrics if k.startswith('h36m/MPJPE/')]
    names = [k.split('/')[-1] for k in order]
    assert names == ['Directions', 'Photo', 'Walking']


def test_truth_as_prediction_is_zero():
    sample, _, _ = make_sample(np.random.default_rng(2), noise=0.0)
    for name in ('MPJPE', 'PA-MPJPE', 'PA-MPJPE-sim'):
        assert evaluate([sample])[f'h36m/{name}'] == pytest.approx(0, abs=1e-9)


def test_thorax_of_the_18_does_not_count():
    sample, _, _ = make_sample(np.random.default_rng(3), noise=0.0)
    sample['pred_instances']['keypoints'][0, 17] += 50
    assert evaluate([sample])['h36m/MPJPE'] == pytest.approx(0, abs=1e-9)


def test_estimated_root_depth_scales_the_pose():
    sample, _, truth = make_sample(np.random.default_rng(4), noise=0.0)
    sample['root_depth_estimate'] = sample['root_depth'] * 1.05
    metrics = evaluate([sample], root_depth='estimate')
    assert metrics['h36m/MPJPE'] > 1
    del sample['root_depth_estimate']
    with pytest.raises(ValueError, match='root_depth_estimate'):
        evaluate([sample], root_depth='estimate')


@pytest.mark.parametrize(
    'field',
    [
        'focal',
        'principal',
        'root_depth',
        'action',
        'gt_instances',
        'pred_instances',
    ],
)
def test_missing_field_is_named(batch, field):
    sample = copy.deepcopy(batch[0][0])
    del sample[field]
    with pytest.raises(ValueError, match='Walking.jpg'):
        evaluate([sample])


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_not_finite_is_rejected(batch, value):
    sample = copy.deepcopy(batch[0][0])
    sample['pred_instances']['keypoints'][0, 5, 2] = value
    with pytest.raises(ValueError, match='Walking.jpg.*joint 5'):
        evaluate([sample])


def test_2d_prediction_is_rejected(batch):
    sample = copy.deepcopy(batch[0][0])
    found = sample['pred_instances']
    found['keypoints'] = found['keypoints'][..., :2]
    with pytest.raises(ValueError, match='3D model'):
        evaluate([sample])


def test_outfile_holds_every_frame(batch, tmp_path):
    out = tmp_path / 'errors.json'
    metrics = evaluate([s for s, _, _ in batch], outfile=str(out))
    saved = json.loads(out.read_text())
    assert len(saved['frames']) == len(batch)
    means = {}
    for name in ('MPJPE', 'PA-MPJPE', 'PA-MPJPE-rigid', 'PA-MPJPE-sim'):
        means[name] = np.mean([frame[name] for frame in saved['frames']])
        assert means[name] == pytest.approx(metrics[f'h36m/{name}'])
    assert len(set(means.values())) == 4


def test_unknown_root_depth():
    with pytest.raises(ValueError, match='root_depth'):
        IntegralMPJPE(root_depth='guess')


@pytest.mark.parametrize(
    'field, value, message',
    [
        ('root_depth', np.nan, 'root_depth holds numbers that are not finite'),
        ('root_depth', 1e300, 'root_depth holds numbers .* above 1e'),
        ('root_depth', 'a', 'root_depth: must hold numbers'),
        ('focal', {}, 'focal: must hold numbers'),
        ('principal', np.ones(2) * 1j, 'principal: must hold numbers'),
        ('root_depth', -4000.0, 'root_depth must be positive'),
        ('focal', np.zeros(2), 'focal must be positive'),
        ('focal', np.ones(3), r'focal: the axis 2 .* got 3 in the shape'),
        ('principal', np.array([np.inf, 0]), 'principal holds numbers'),
    ],
)
def test_broken_camera_is_named(batch, field, value, message):
    sample = copy.deepcopy(batch[0][0])
    sample[field] = value
    with pytest.raises(ValueError, match=f'Walking.jpg.*{message}'):
        evaluate([sample])


def test_broken_truth_is_named(batch):
    sample = copy.deepcopy(batch[0][0])
    sample['gt_instances']['keypoints_cam'][0, 3, 1] = np.nan
    with pytest.raises(ValueError, match='Walking.jpg: keypoints_cam holds'):
        evaluate([sample])
    sample['gt_instances']['keypoints_cam'] = np.zeros((18, 3))
    with pytest.raises(ValueError, match=r'the axes \(1, K, 3\)'):
        evaluate([sample])
    del sample['gt_instances']['keypoints_cam']
    with pytest.raises(ValueError, match='Walking.jpg.*keypoints_cam.*miss'):
        evaluate([sample])


@pytest.mark.parametrize('value', [None, 'a', [[1], [1, 2]], 1j])
@pytest.mark.parametrize('field', ['keypoints', 'keypoint_scores'])
def test_a_prediction_without_numbers_is_named(batch, field, value):
    sample = copy.deepcopy(batch[0][0])
    sample['pred_instances'][field] = value
    with pytest.raises(ValueError, match=f'Walking.jpg: {field}: must hold'):
        evaluate([sample])


def test_fewer_joints_than_asked_for(batch):
    sample = copy.deepcopy(batch[0][0])
    for instances in (sample['pred_instances'], sample['gt_instances']):
        for name in instances:
            instances[name] = instances[name][:, :16]
    with pytest.raises(ValueError, match='at least 17 joints'):
        evaluate([sample])
    # 17 joints without the middle of the shoulders are enough.
    assert evaluate([sample], num_joints=16)['h36m/MPJPE'] > 0


def test_frames_without_ids_cannot_be_told_apart(batch):
    samples = [dict(batch[0][0], id=None) for _ in range(2)]
    assert evaluate(samples) == pytest.approx(evaluate(samples[:1]))


def test_a_frame_counts_once(batch):
    samples = [s for s, _, _ in batch]
    with pytest.raises(ValueError, match='Walking.jpg: .* evaluated 2 times'):
        evaluate(samples + samples[:1])


def test_no_frame():
    with pytest.raises(ValueError, match='no frame was evaluated'):
        IntegralMPJPE().compute_metrics([])


def test_evaluation_mode_goes_with_the_numbers(batch, tmp_path):
    known = dict(
        box='tight', flip_test=False, excluded=[], dataset_name='h36m18'
    )
    samples = [dict(s, **known) for s, _, _ in batch]
    out = tmp_path / 'new' / 'errors.json'
    mode = mode_of(samples, outfile=str(out))
    assert mode == (
        'box tight from ground truth, root depth from ground truth, 17 joints '
        'of h36m18 (PA rigid over 18, then root on root; -rigid and -sim, '
        'with scale, over 17), '
        '5 frames, sequences left out: none by the config, flip test off'
    )
    assert json.loads(out.read_text())['mode'] == mode


def test_evaluation_mode_claims_nothing_it_does_not_know(batch):
    mode = mode_of([s for s, _, _ in batch])
    for part in ('box', '17 joints of a set', 'left out:', 'flip test'):
        assert f'{part} not stated' in mode


@pytest.mark.parametrize(
    'box, root_depth, said',
    [
        ('tight', 'estimate', 'root depth estimated from the box, 17'),
        ('file', 'estimate', 'from a detection file, root depth estimated'),
        ('2000mm', 'estimate', 'the box, which the ground truth depth made,'),
        ('2000mm', 'gt', 'root depth from ground truth, 17'),
    ],
)
def test_evaluation_mode_says_what_ground_truth_goes_in(
    batch, box, root_depth, said
):
    known = dict(
        box=box, excluded=['S9_Waiting_1', 'S9_Greeting'], flip_test=True
    )
    samples = [
        dict(s, root_depth_estimate=4500.0, depth_source=root_depth, **known)
        for s, _, _ in batch
    ]
    mode = mode_of(samples, root_depth=root_depth)
    assert said in mode
    assert 'left out: S9_Greeting and S9_Waiting_1,' in mode


@pytest.mark.parametrize(
    'metric, data', [('estimate', 'gt'), ('gt', 'estimate')]
)
def test_two_root_depths_in_one_number_are_refused(batch, metric, data):
    """z scaled by the ground truth depth would leak it into 'estimate'."""
    sample = dict(batch[0][0], root_depth_estimate=4500.0, depth_source=data)
    with pytest.raises(ValueError, match='Walking.jpg: root_depth=.*same'):
        evaluate([sample], root_depth=metric)


def test_evaluation_mode_is_logged(batch, monkeypatch):
    lines = []
    monkeypatch.setattr(MMLogger, 'info', lambda _, line: lines.append(line))
    metrics = evaluate([dict(s, box='from a detector') for s, _, _ in batch])
    assert any(
        f'{metrics["h36m/MPJPE"]:.2f} mm' in line
        and 'box from a detector' in line
        for line in lines
    )


def test_frames_weigh_alike_and_actions_come_in_the_papers_order():
    rng = np.random.default_rng(8)
    names = list(ACTIONS)
    samples = [make_sample(rng, name)[0] for name in names[::-1]]
    metrics = evaluate(samples)
    found = [k.split('/')[-1] for k in metrics if k.startswith('h36m/MPJPE/')]
    assert found == names
    assert len(names) == 15
    assert metrics['h36m/MPJPE'] == pytest.approx(
        np.mean([metrics[f'h36m/MPJPE/{name}'] for name in names])
    )


def test_actions_only_where_asked(batch):
    metrics = evaluate([s for s, _, _ in batch], per_action=False)
    assert set(metrics) == {
        'h36m/MPJPE',
        'h36m/PA-MPJPE',
        'h36m/PA-MPJPE-rigid',
        'h36m/PA-MPJPE-sim',
    }


def test_the_average_weights_frames_and_not_actions():
    """15 actions of 1 to 15 frames: Avg is not the mean of the 15."""
    rng = np.random.default_rng(9)
    made = [
        make_sample(rng, name, noise=10.0 * count)
        for count, name in enumerate(ACTIONS, 1)
        for _ in range(count)
    ]
    metrics = evaluate([sample for sample, _, _ in made])
    total = 0.0
    for _, pred, truth in made:
        total += loop_mpjpe(pred, truth)
    assert metrics['h36m/MPJPE'] == pytest.approx(total / 120, abs=1e-9)
    for name in ('MPJPE', 'PA-MPJPE'):
        means = [metrics[f'h36m/{name}/{action}'] for action in ACTIONS]
        weighted = np.average(means, weights=range(1, 16))
        assert metrics[f'h36m/{name}'] == pytest.approx(weighted, abs=1e-9)
        assert abs(metrics[f'h36m/{name}'] - np.mean(means)) > 10


def test_the_actions_are_the_papers_table():
    """Table 11, in its order of columns."""
    columns = (
        'Directions Discussion Eating Greeting Phoning Posing Purchases '
        'Sitting SittingDown Smoking Photo Waiting Walking WalkDog '
        'WalkTogether'
    )
    assert ' '.join(ACTIONS) == columns


@pytest.mark.parametrize('joints', [0, -1, True, '17', 1.5, None])
def test_a_number_of_joints_that_is_none(joints):
    with pytest.raises(ValueError, match='num_joints must be a whole number'):
        IntegralMPJPE(num_joints=joints)


def test_frames_of_two_joint_sets(batch):
    other, _, _ = copy.deepcopy(batch[1])
    for part, field in (
        ('pred_instances', 'keypoints'),
        ('gt_instances', 'keypoints_cam'),
    ):
        other[part][field] = other[part][field][:, :17]
    with pytest.raises(ValueError, match='Photo.jpg.* 17 joints, .* 18'):
        IntegralMPJPE().process({}, [batch[0][0], other])
