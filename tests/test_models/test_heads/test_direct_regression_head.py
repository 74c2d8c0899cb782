"""R1: pooled features, one linear layer, in 2D and 3D."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

PAIRS = [0, 2, 1]


def build(axes, **kwargs):
    config = dict(
        type='DirectRegressionHead',
        in_channels=6,
        num_joints=3,
        num_axes=axes,
        decoder=dict(
            type='IntegralLabel',
            input_size=(64, 48),
            depth_range_mm=2000.0 if axes == 3 else None,
        ),
    )
    return MODELS.build({**config, **kwargs})


def answering(axes, points):
    """A head whose answer is its bias, whatever the features: (K, C)."""
    head = build(axes)
    with torch.no_grad():
        head.fc.weight.zero_()
        head.fc.bias.copy_((points - 0.5).flatten())
    return head


def feats(n=2, channels=6):
    return (torch.randn(n, channels, 1, 1),)


@pytest.mark.parametrize('axes', [2, 3])
def test_forward_is_linear_about_the_middle(axes):
    head, x = build(axes), feats()
    expected = x[0].flatten(1) @ head.fc.weight.T + head.fc.bias
    torch.testing.assert_close(head(x), expected.view(2, 3, axes) + 0.5)
    head.init_weights()
    with torch.no_grad():
        assert (head(x) - 0.5).abs().max() < 0.2
    assert head(tuple(f.bfloat16().float() for f in x)).dtype == torch.float32


@pytest.mark.parametrize('axes', [2, 3])
def test_loss_by_hand_and_gradients(axes, make_samples):
    head = build(axes)
    labels = torch.rand(2, 3, axes)
    weights = torch.ones_like(labels)
    weights[1, 0], labels[1, 0] = 0, float('nan')
    x = feats()
    losses = head.loss(x, make_samples(labels, weights))
    assert set(losses) == {'loss_joint', 'acc_pose'}
    error = (head(x) - labels).abs()
    expected = torch.where(weights > 0, error, 0.0).sum() / 2
    torch.testing.assert_close(losses['loss_joint'], expected)
    losses['loss_joint'].backward()
    for parameter in head.parameters():
        assert (parameter.grad != 0).any()
        assert parameter.grad.isfinite().all()


def test_a_2d_sample_leaves_the_z_outputs_alone(make_samples):
    head, labels = build(3), torch.rand(2, 3, 3)
    weights = torch.ones_like(labels)
    weights[..., 2], labels[..., 2] = 0, float('nan')
    head.loss(feats(), make_samples(labels, weights))['loss_joint'].backward()
    gradient = head.fc.weight.grad.view(3, 3, 6)  # K, C, channels
    assert (gradient[:, 2] == 0).all()
    assert (gradient[:, :2] != 0).any()


@pytest.mark.parametrize('axes', [2, 3])
def test_predict_values_by_hand(axes, make_samples, stack):
    points = torch.tensor(
        [[0.25, 0.5, 0.75], [0.5, 0.25, 0.25], [1.1, -0.1, 0.5]]
    )
    head = answering(axes, points[:, :axes])
    samples = make_samples(
        mm_per_px=[4.0, None], input_scale=[[300.0, 250.0], [1.0, 1.0]]
    )
    preds = head.predict(feats(), samples)
    keypoints = stack(preds, 'keypoints')
    expected = points.numpy()[None] * [64, 48, 1]
    assert np.abs(keypoints - expected[..., :axes])[..., :2].max() < 1e-4
    if axes == 3:
        z = (points[:, 2].numpy() - 0.5) * np.array([[1200.0], [2000.0]])
        assert np.abs(keypoints[..., 2] - z).max() < 1e-3
    assert (stack(preds, 'keypoint_scores') == 1).all()


@pytest.mark.parametrize('axes', [2, 3])
def test_flip_test(axes, make_samples, stack):
    """Features of the mirrored image that tell the mirrored joints."""
    points = torch.tensor([[0.3, 0.5, 0.6], [0.4, 0.2, 0.3], [0.8, 0.7, 0.5]])
    points = points[:, :axes]
    mirrored = points[PAIRS].clone()
    mirrored[:, 0] = (63 - 64 * mirrored[:, 0]) / 64
    head = build(axes)
    with torch.no_grad():
        head.fc.weight.zero_()
        head.fc.weight[:, 0] = (points - 0.5).flatten()
        head.fc.weight[:, 1] = (mirrored - 0.5).flatten()
        head.fc.bias.zero_()
    image, mirror = (torch.eye(6)[i].view(1, 6, 1, 1) for i in (0, 1))
    preds = head.predict(
        [(image,), (mirror,)],
        make_samples(n=1, flip_indices=PAIRS),
        dict(flip_test=True),
    )
    expected = (points[:, :2] * torch.tensor([64.0, 48.0])).numpy()
    keypoints = stack(preds, 'keypoints')[0]
    assert np.abs(keypoints[:, :2] - expected).max() <= 1e-3
    if axes == 3:
        z = (points[:, 2].numpy() - 0.5) * 2000
        assert np.abs(keypoints[:, 2] - z).max() <= 1e-3


@pytest.mark.parametrize('flip', [False, True])
def test_not_finite(flip, make_samples):
    good, bad = feats()[0], feats()[0]
    bad[1] = float('nan')
    inputs = [(good,), (bad,)] if flip else (bad,)
    with pytest.raises(ValueError, match='DirectRegressionHead: coordinates'):
        build(2).predict(
            inputs, make_samples(flip_indices=PAIRS), dict(flip_test=flip)
        )


def test_axes_contradict_the_codec_or_the_labels(make_samples):
    decoder = dict(type='IntegralLabel', input_size=(64, 48))
    with pytest.raises(ValueError, match='num_axes=3 but its codec has depth'):
        build(3, decoder=decoder)
    with pytest.raises(ValueError, match='predicts 3 axes .* labels have 2'):
        build(3).loss(feats(), make_samples(torch.rand(2, 3, 2)))


@pytest.mark.parametrize('axes', [2, 3])
def test_without_a_decoder(axes, make_samples):
    with pytest.raises(RuntimeError, match='decoder has not been set'):
        build(axes, decoder=None).predict(feats(), make_samples())


def test_in_autocast():
    head, x = build(3), feats()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert head(x).dtype == torch.float32


def test_parameters_are_fewer_than_those_of_the_integral_network():
    """23.6 M against 33.0 M: the paper says more, as described it is less."""
    model = MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(type='ResNet', depth=50),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(
                type='DirectRegressionHead', in_channels=2048, num_joints=16
            ),
        )
    )
    count = sum(p.numel() for p in model.parameters())
    assert count == 25_557_032 - 2049 * 1000 + 2049 * 32
    assert round(count / 1e6, 1) == 23.6


def test_features_that_are_not_pooled():
    with pytest.raises(ValueError, match='GlobalAveragePooling'):
        build(2)((torch.randn(2, 6, 4, 4),))


def test_another_number_of_axes():
    with pytest.raises(ValueError, match='num_axes must be 2 or 3, got 4'):
        build(4)


def test_the_last_layer_starts_as_the_paper_says():
    """N(0, 1e-3) and no bias: 1e5 weights give its spread to 1 %."""
    torch.manual_seed(0)
    head = MODELS.build(
        dict(type='DirectRegressionHead', in_channels=2048, num_joints=24)
    )
    head.init_weights()
    assert head.fc.weight.std().item() == pytest.approx(1e-3, rel=0.01)
    assert abs(head.fc.weight.mean().item()) < 1e-5
    assert (head.fc.bias == 0).all()
