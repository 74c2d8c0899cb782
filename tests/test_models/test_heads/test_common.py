"""Labels of a batch, accuracy, flip merge, decode."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from integral_mmpose.codecs import IntegralLabel
from integral_mmpose.models import (
    DirectRegressionHead,
    IntegralHead,
    IntegralMultiStageHead,
)
from integral_mmpose.models.heads.common import (
    build_loss,
    decode_batch,
    gather_labels,
    merge_flipped,
    pose_accuracy,
    read_test_cfg,
)

MAPS, JOINTS = dict(type='VolumeMSELoss'), dict(type='JointL1Loss')


@pytest.mark.parametrize(
    ('option', 'config', 'message'),
    [
        ('heatmap_loss', JOINTS, 'JointL1Loss is not .*VolumeMSE.*joint_loss'),
        (
            'heatmap_loss',
            dict(type='KeypointMSELoss'),
            'MSELoss is not a heat map loss .*such as VolumeMSELoss$',
        ),
        ('joint_loss', MAPS, 'VolumeMSELoss is a .*JointL1.*heatmap_loss'),
        ('joint_loss', dict(loss_weight=1.0), "such as dict.type='JointL1"),
        ('heatmap_loss', {}, "such as dict.type='VolumeMSE"),
        ('joint_loss', [JOINTS], 'must be a dict with a type'),
        ('heatmap_loss', 'VolumeMSELoss', 'must be a dict with a type'),
    ],
)
def test_a_loss_of_the_other_kind(option, config, message):
    with pytest.raises(ValueError, match=f'^{option}.*{message}'):
        build_loss(option, config)
    right = MAPS if option == 'heatmap_loss' else JOINTS
    assert type(build_loss(option, right)).__name__ == right['type']
    assert build_loss(option, None) is None


def test_gather_labels(make_samples):
    labels, weights = torch.rand(4, 3, 3), torch.rand(4, 3, 3)
    got = gather_labels(make_samples(labels, weights), 3, 3)
    assert torch.equal(got[0], labels)
    assert torch.equal(got[1], weights)
    # A head of depth 1 on 3D data, the first hourglass, learns x and y.
    got = gather_labels(make_samples(labels, weights), 2, 3)
    assert torch.equal(got[0], labels[..., :2])
    assert torch.equal(got[1], weights[..., :2])


def test_2d_labels_for_a_3d_head(make_samples):
    with pytest.raises(ValueError, match='predicts 3 axes .* have 2'):
        gather_labels(make_samples(torch.rand(2, 3, 2)), 3, 3)


def test_another_number_of_joints(make_samples):
    with pytest.raises(ValueError, match='predicts 17 joints .* has 18: set'):
        gather_labels(make_samples(torch.rand(2, 18, 3)), 3, 17)


def test_pose_accuracy_by_hand():
    """Within 5 % of the side in x and y, of the labelled joints."""
    labels = torch.full((1, 4, 3), 0.5)
    pred = labels.clone()
    pred[0, 0, 0] += 0.049
    pred[0, 1, :2] += 0.04  # 0.057 away
    pred[0, 2, 2] += 0.4  # z does not count
    pred[0, 3] = 9
    weights = torch.ones(1, 4, 3)
    weights[0, 3] = 0
    assert pose_accuracy(pred, labels, weights).item() == pytest.approx(2 / 3)
    labels[0, 3] = float('nan')
    assert pose_accuracy(pred, labels, weights).item() == pytest.approx(2 / 3)
    weights[..., 2] = 0  # a 2D sample counts as well
    assert pose_accuracy(pred, labels, weights).item() == pytest.approx(2 / 3)
    assert pose_accuracy(pred, labels, weights * 0).item() == 0


@pytest.mark.parametrize('axes', [2, 3])
def test_merge_flipped_by_hand(axes):
    """x' = W - 1 - x in px: 10 -> 53 of 64, z and y are averaged."""
    points = torch.tensor([[[10 / 64, 0.2, 0.3], [0.5, 0.6, 0.7]]])[..., :axes]
    other = torch.tensor([[[31 / 64, 0.6, 0.7], [57 / 64, 0.4, 0.5]]])[
        ..., :axes
    ]
    copies = points.clone(), other.clone()
    got = merge_flipped(points, other, [1, 0], (64, 48))
    expected = torch.tensor([[[8 / 64, 0.3, 0.4], [32 / 64, 0.6, 0.7]]])
    torch.testing.assert_close(got, expected[..., :axes])
    assert torch.equal(points, copies[0])
    assert torch.equal(other, copies[1])


def test_merge_flipped_needs_the_joints_of_the_model():
    points = torch.zeros(1, 18, 3)
    with pytest.raises(ValueError, match='18 joints.*16.*flip_test=False'):
        merge_flipped(points, points, list(range(16)), (64, 48))


def test_decode_batch_gives_each_sample_its_range(make_samples):
    head = SimpleNamespace(decoder=IntegralLabel((64, 48), 2000.0))
    seen = []
    head.decode = seen.append
    samples = make_samples(
        n=3,
        mm_per_px=[4.0, None, 2.0],
        input_scale=[[100.0, 75.0], [100.0, 75.0], [800.0, 600.0]],
    )
    decode_batch(head, torch.zeros(3, 2, 3), torch.ones(3, 2), samples)
    assert seen[0][2].flatten().tolist() == [400, 2000, 1600]
    with pytest.raises(ValueError, match='SimpleNamespace: coordinates'):
        decode_batch(
            head, torch.full((3, 2, 3), torch.nan), torch.ones(3, 2), samples
        )


@pytest.mark.parametrize(
    'head', [IntegralHead, DirectRegressionHead, IntegralMultiStageHead]
)
def test_a_misspelt_option_of_the_test_is_refused(head):
    """By every head, before it reads anything else."""
    message = 'no option flip_tset. There are: flip_test, align_flipped_maps'
    with pytest.raises(ValueError, match=message):
        head.predict(None, [], [], dict(flip_test=True, flip_tset=True))
    stock = dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True)
    assert read_test_cfg(stock) is stock and read_test_cfg(None) == {}


@pytest.mark.parametrize('misspelt', [True, False])
@pytest.mark.parametrize(
    'head',
    [
        dict(type='IntegralHead', joint_loss=JOINTS),
        dict(type='DirectRegressionHead'),
        dict(
            type='IntegralMultiStageHead',
            num_stages=2,
            stage=dict(
                type='IntegralResNetStage', depth=18, base_channels=256
            ),
            joint_loss=JOINTS,
        ),
    ],
)
def test_a_misspelt_option_is_refused_before_a_training(head, misspelt):
    """Not after its first epoch, when the first image is tested."""
    init_default_scope('mmpose')
    joints = 'num_joints' if 'Direct' in head['type'] else 'out_channels'
    config = dict(
        type='TopdownPoseEstimator',
        backbone=dict(type='ResNet', depth=18),
        head=dict(head, in_channels=512, **{joints: 3}),
        test_cfg={'flip_tset' if misspelt else 'flip_test': True},
    )
    if misspelt:
        with pytest.raises(ValueError, match='no option flip_tset'):
            MODELS.build(config)
    else:
        assert MODELS.build(config).head.test_cfg == dict(flip_test=True)
