"""Every method trains: losses, gradients, initialisation, sizes."""

import pytest
import torch
from mmpose.registry import MODELS

JOINT = dict(type='JointL1Loss')


def method(loss=None, joint=False, readout='integral'):
    config = dict(readout=readout)
    if loss:
        config['heatmap_loss'] = dict(type=loss)
    if joint:
        config['joint_loss'] = JOINT
    return config


# name -> (config, depth, does adding a constant to a map change nothing?)
METHODS = {
    'H1-2D': (method('VolumeMSELoss', readout='argmax'), 1, False),
    'H2-2D': (method('VolumeCrossEntropyLoss', readout='argmax'), 1, True),
    'H3-2D': (method('VolumeBCELoss', readout='argmax'), 1, False),
    'I-2D': (method(None, True), 1, True),
    'H1+I-2D': (method('VolumeMSELoss', True), 1, False),
    'H2+I-2D': (method('VolumeCrossEntropyLoss', True), 1, True),
    'H3+I-2D': (method('VolumeBCELoss', True), 1, False),
    'H1-3D': (method('VolumeMSELoss', readout='argmax'), 5, False),
    'H2-3D': (method('VolumeCrossEntropyLoss', readout='argmax'), 5, False),
    'I-3D': (method(None, True), 5, False),
    'H1+I-3D': (method('VolumeMSELoss', True), 5, False),
    'H1-two': (method('MarginalMSELoss', readout='marginal_argmax'), 5, False),
    'H2-two': (
        method('MarginalCrossEntropyLoss', readout='marginal_argmax'),
        5,
        False,
    ),
    'debiased-2D': (method(None, True, 'debiased_integral'), 1, False),
    'H1+I-two': (method('MarginalMSELoss', True), 5, False),
    'H2+I-two': (method('MarginalCrossEntropyLoss', True), 5, False),
}
# Softmax ignores a constant: the bias of the last layer, one number a map in
# 2D, has exactly no gradient. The list that the documentation gives.
WITHOUT_BIAS_GRADIENT = {'H2-2D', 'I-2D', 'H2+I-2D'}


def labels_for(depth, n=4, joints=3):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(n, joints, 2 if depth == 1 else 3, generator=generator)


def test_the_list_of_parameters_without_gradient():
    assert WITHOUT_BIAS_GRADIENT == {
        name for name, (_, _, free) in METHODS.items() if free
    }


@pytest.mark.parametrize('name', METHODS)
def test_losses_and_gradients(name, build_head, make_samples):
    config, depth, bias_free = METHODS[name]
    head = build_head(depth=depth, **config)
    head.init_weights()
    torch.manual_seed(0)
    feats = torch.randn(4, 4, 3, 2)
    losses = head.loss((feats,), make_samples(labels_for(depth)))
    expected = {'acc_pose'}
    expected |= {'loss_heatmap'} if 'heatmap_loss' in config else set()
    expected |= {'loss_joint'} if 'joint_loss' in config else set()
    assert set(losses) == expected
    assert all(value.isfinite() for value in losses.values())
    assert not losses['acc_pose'].requires_grad
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    for key, parameter in head.named_parameters():
        assert parameter.grad is not None, key
        size = parameter.grad.abs().max().item()
        if bias_free and key == 'final_layer.bias':
            # Zero but for the rounding of sums whose terms are O(0.1).
            assert size < 1e-6, key
        else:
            assert size > 1e-12, key


def test_bias_gradient_of_a_volume_sums_to_zero(build_head, make_samples):
    """In 3D a bias per depth bin matters; their common part does not."""
    head = build_head(depth=5)
    losses = head.loss((torch.randn(4, 4, 3, 2),), make_samples(labels_for(5)))
    losses['loss_joint'].backward()
    per_joint = head.final_layer.bias.grad.view(3, 5)
    assert per_joint.abs().max() > 1e-4
    assert per_joint.sum(1).abs().max() < 1e-6


@pytest.mark.parametrize('axes', [2, 0])
@pytest.mark.parametrize('name', [n for n in METHODS if METHODS[n][1] > 1])
def test_a_batch_without_3d_samples(name, axes, identity_head, make_samples):
    """2D samples only, or no label at all: finite, and z teaches nothing."""
    config, depth, _ = METHODS[name]
    head = identity_head(depth=depth, **config)
    torch.manual_seed(0)
    logits = torch.randn(4, 3 * depth, 6, 8, requires_grad=True)
    labels = labels_for(depth)
    weights = torch.ones_like(labels)
    weights[..., axes:], labels[..., axes:] = 0, float('nan')
    losses = head.loss((logits,), make_samples(labels, weights))
    assert all(value.isfinite() for value in losses.values())
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert logits.grad.isfinite().all()
    if axes == 0 or name in ('H1-3D', 'H2-3D'):
        # A volume has no x and y alone: 2D data need the two-step form.
        assert not logits.grad.any()
    else:
        assert (logits.grad.abs().amax((1, 2, 3)) > 0).all()


@pytest.mark.parametrize('name', METHODS)
def test_fixed_count(name, identity_head, make_samples):
    """The loss of a batch is the mean of the losses of its halves."""
    config, depth, _ = METHODS[name]
    head = identity_head(depth=depth, **config)
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3 * depth, 6, 8), labels_for(depth)
    weights = torch.ones_like(labels)
    weights[0], weights[1, 0] = 0, 0

    def total(part):
        losses = head.loss(
            (logits[part],), make_samples(labels[part], weights[part])
        )
        return sum(v for k, v in losses.items() if 'loss' in k)

    halves = (total(slice(0, 2)) + total(slice(2, 4))) / 2
    torch.testing.assert_close(halves, total(slice(0, 4)))


@pytest.mark.parametrize(
    'name', ['I-3D', 'H1-two', 'H2-two', 'H1+I-two', 'H2+I-two']
)
def test_2d_samples_train_and_their_z_is_never_seen(
    name, identity_head, make_samples
):
    """The z loss term of a 2D sample: zero gradient at the logits."""
    config, depth, _ = METHODS[name]
    head = identity_head(depth=depth, **config)
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3 * depth, 6, 8), labels_for(depth)
    weights = torch.ones_like(labels)
    weights[2:, :, 2] = 0

    def gradient(labels):
        feats = logits.clone().requires_grad_()
        losses = head.loss((feats,), make_samples(labels, weights))
        sum(v for k, v in losses.items() if 'loss' in k).backward()
        return feats.grad

    first = gradient(labels)
    for z in (0.0, 1.0, float('nan')):
        other = labels.clone()
        other[2:, :, 2] = z
        assert torch.equal(gradient(other), first)
    assert (first[2:].abs().amax((1, 2, 3)) > 0).all()
    # Oracle: a 2D head of the same method on the volume summed over depth.
    flat = logits.clone().requires_grad_()
    summed = flat.view(4, 3, depth, 6, 8).logsumexp(2)
    losses = identity_head(**config).loss(
        (summed,), make_samples(labels[..., :2], weights[..., :2])
    )
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    torch.testing.assert_close(first[2:], flat.grad[2:], rtol=1e-4, atol=1e-7)
    other = labels.clone()
    other[0, :, 2] = 1 - other[0, :, 2]
    assert not torch.equal(gradient(other)[0], first[0])


def test_loss_of_the_perfect_map_is_zero(
    identity_head, make_samples, ideal_features
):
    """Ground truth in, nothing to learn, accuracy 1."""
    labels = torch.tensor(
        [[[0.3, 0.6, 0.5], [0.5, 0.4, 0.45], [0.7, 0.5, 0.6]]]
    )
    feats = ideal_features(labels, (16, 14, 18))
    losses = identity_head(depth=18).loss(feats, make_samples(labels))
    assert losses['loss_joint'].item() < 1e-4
    assert losses['acc_pose'].item() == 1


@pytest.mark.parametrize('name', METHODS)
def test_accuracy_is_that_of_the_read_pose(name, identity_head, make_samples):
    """One cell of 30 at the label's bin: every decoding finds it."""
    config, depth, _ = METHODS[name]
    head = identity_head(depth=depth, **config)
    bins = torch.tensor([[1, 2, 3], [6, 5, 0], [4, 0, 4]])
    logits = torch.zeros(1, 3, depth, 6, 8)
    for k, (x, y, z) in enumerate(bins.tolist()):
        logits[0, k, z if depth > 1 else 0, y, x] = 30
    labels = (bins / torch.tensor([8.0, 6.0, depth]))[None]
    labels = labels if depth > 1 else labels[..., :2]
    losses = head.loss((logits.flatten(1, 2),), make_samples(labels))
    assert losses['acc_pose'].item() == 1
    losses = head.loss(
        (logits.flatten(1, 2),), make_samples((labels + 0.4) % 1)
    )
    assert losses['acc_pose'].item() == 0


def test_accuracy_follows_the_decoding_and_not_the_joint_loss(
    identity_head, make_samples
):
    """Two peaks: the higher one is read, the mean of both is trained."""
    logits = torch.full((1, 1, 6, 8), -100.0)
    logits[0, 0, 3, 1], logits[0, 0, 3, 7] = 0.1, 0.0
    samples = make_samples(torch.tensor([[[1 / 8, 3 / 6]]]))
    for readout, accuracy in (('argmax', 1), ('integral', 0)):
        head = identity_head(1, readout=readout)
        losses = head.loss((logits,), samples)
        assert losses['acc_pose'].item() == accuracy
        assert losses['loss_joint'].item() > 0.3


def test_initialisation(build_head):
    """N(0, 1e-3), as the paper; batch norm starts as the identity."""
    head = build_head(
        joints=16, depth=8, in_channels=64, deconv_out_channels=(64, 64)
    )
    head.init_weights()
    for layer in (
        head.deconv_layers[0],
        head.deconv_layers[3],
        head.final_layer,
    ):
        assert layer.weight.std().item() == pytest.approx(1e-3, rel=0.05)
        assert abs(layer.weight.mean().item()) < 1e-4
    assert (head.final_layer.bias == 0).all()
    assert (head.deconv_layers[1].weight == 1).all()
    assert head.deconv_layers[0].kernel_size == (4, 4)
    assert head.deconv_layers[0].stride == (2, 2)


@pytest.mark.parametrize('depth', [1, 5])
def test_an_i_head_takes_the_weights_of_its_h_head(depth, build_head):
    """I1 starts from H1: the same names and shapes."""
    first = build_head(
        depth=depth, heatmap_loss=dict(type='VolumeMSELoss'), readout='argmax'
    )
    second = build_head(depth=depth)
    second.load_state_dict(first.state_dict(), strict=True)
    assert torch.equal(first.final_layer.weight, second.final_layer.weight)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('name', ['I-2D', 'H1+I-3D', 'H2+I-two'])
def test_50_steps_in_autocast_are_finite(
    name, dtype, build_head, make_samples, autocast
):
    config, depth, _ = METHODS[name]
    torch.manual_seed(0)
    head = build_head(depth=depth, **config)
    head.init_weights()
    optimizer = torch.optim.Adam(head.parameters(), 1e-3)
    feats, samples = torch.randn(4, 4, 3, 2), make_samples(labels_for(depth))
    history = []
    for _ in range(50):
        with autocast(dtype):
            losses = head.loss((feats,), samples)
        loss = sum(v for k, v in losses.items() if 'loss' in k)
        assert loss.dtype == torch.float32
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert torch.tensor(history).isfinite().all()
    assert history[-1] < history[0]
    assert all(p.isfinite().all() for p in head.parameters())


def test_parameters_of_the_papers_network():
    """ResNet-50 + two deconvolutions + 16 maps: 33.0 M by the layers."""
    model = MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(type='ResNet', depth=50),
            head=dict(
                type='IntegralHead',
                in_channels=2048,
                out_channels=16,
                joint_loss=JOINT,
            ),
        )
    )
    count = sum(p.numel() for p in model.parameters())
    resnet = 25_557_032 - (2048 * 1000 + 1000)  # torchvision's, without fc
    deconvolutions = 16 * 256 * (2048 + 256) + 2 * 2 * 256
    assert count == resnet + deconvolutions + 256 * 16 + 16
    assert round(count / 1e6, 1) == 33.0


@pytest.mark.parametrize('depth', [1, 5])
@pytest.mark.parametrize('readout', ['integral', 'debiased_integral'])
def test_the_joint_loss_is_of_what_is_read(
    readout, depth, build_head, make_samples
):
    """L1 between labels and ``coordinates``, summed over a person."""
    head = build_head(depth=depth, **method(None, True, readout))
    shape = (4, 3, 6, 4) if depth == 1 else (4, 3, depth, 6, 4)
    logits = 3 * torch.randn(shape, generator=torch.Generator().manual_seed(2))
    labels = labels_for(depth)
    loss = head.losses_of_logits(logits, make_samples(labels))['loss_joint']
    errors = (head.coordinates(logits) - labels).abs()
    torch.testing.assert_close(loss, errors.sum((1, 2)).mean())


@pytest.mark.parametrize('kind', ['IntegralHead', 'DirectRegressionHead'])
def test_mmposes_joint_loss_must_leave_unlabelled_joints_out(kind):
    config = dict(type=kind, in_channels=4)
    config.update(
        dict(out_channels=3) if kind == 'IntegralHead' else dict(num_joints=3)
    )
    with pytest.raises(ValueError, match='L1Loss .*use_target_weight=True'):
        MODELS.build(dict(config, joint_loss=dict(type='L1Loss')))
    head = MODELS.build(
        dict(config, joint_loss=dict(type='L1Loss', use_target_weight=True))
    )
    loss = getattr(head, 'joint_loss', None) or head.loss_module
    pred, labels = torch.rand(2, 3, 2), torch.rand(2, 3, 2)
    weights = torch.ones(2, 3, 2)
    weights[0, 1] = 0
    other = labels.clone()
    other[0, 1] += 5
    assert loss(pred, labels, weights) == loss(pred, other, weights)


@pytest.mark.parametrize('kind', ['IntegralHead', 'DirectRegressionHead'])
def test_a_codec_of_mmpose(kind):
    config = dict(type=kind, in_channels=4)
    config.update(
        dict(out_channels=3, joint_loss=JOINT)
        if kind == 'IntegralHead'
        else dict(num_joints=3)
    )
    codec = dict(type='RegressionLabel', input_size=(64, 48))
    with pytest.raises(ValueError, match='IntegralLabel, got RegressionLabel'):
        MODELS.build(dict(config, decoder=codec))


@pytest.mark.parametrize('depth', [1, 5])
def test_expected_error_takes_the_maps(depth, identity_head, make_samples):
    """And the head still reads, and reports, the expectation."""
    torch.manual_seed(0)
    axes = 2 if depth == 1 else 3
    labels = torch.rand(2, 3, axes)
    logits = torch.randn(2, 3 * depth, 6, 8)
    loss = dict(type='ExpectedErrorLoss', loss_weight=2.0)
    head = identity_head(depth=depth, joint_loss=loss)
    assert head.readout == 'integral' and head.score_kind == 'spread'
    found = head.loss((logits,), make_samples(labels))
    maps = logits if depth == 1 else logits.view(2, 3, depth, 6, 8)
    expected = MODELS.build(loss)(maps, labels, torch.ones_like(labels))
    torch.testing.assert_close(found['loss_joint'], expected)
    plain = identity_head(depth=depth).loss((logits,), make_samples(labels))
    assert found['acc_pose'] == plain['acc_pose']


@pytest.mark.parametrize('depth', [1, 5])
def test_the_local_loss_trains_what_is_read(
    depth, identity_head, make_samples
):
    """Loss, readout, window and score are those of H1's maps."""
    torch.manual_seed(0)
    axes = 2 if depth == 1 else 3
    logits = torch.rand(2, 3 * depth, 6, 8)
    joint = dict(type='LocalJointL1Loss', radius=1, temperature=0.2)
    heat_map = dict(type='VolumeMSELoss')
    head = identity_head(depth=depth, joint_loss=joint, heatmap_loss=heat_map)
    assert (head.readout, head.score_kind) == ('local_integral', 'peak')
    assert head.window == dict(radius=1, temperature=0.2)
    maps = logits if depth == 1 else logits.view(2, 3, depth, 6, 8)
    # What is read has no loss: training it to itself changes nothing.
    read = head.coordinates(maps)
    found = head.loss((logits,), make_samples(read))
    assert found['loss_joint'] == 0 and found['acc_pose'] == 1
    ones = torch.ones(2, 3, axes)
    expected = MODELS.build(heat_map)(maps, read, ones)
    torch.testing.assert_close(found['loss_heatmap'], expected)


def test_the_local_loss_needs_another_and_its_own_readout(identity_head):
    joint = dict(type='LocalJointL1Loss')
    with pytest.raises(ValueError, match='give the head a heatmap_loss'):
        identity_head(joint_loss=joint)
    heat_map = dict(type='VolumeMSELoss')
    for readout in ('integral', 'debiased_integral'):
        with pytest.raises(ValueError, match="set readout='local_integral'"):
            identity_head(
                joint_loss=joint, heatmap_loss=heat_map, readout=readout
            )


@pytest.mark.parametrize(
    'losses',
    [
        dict(joint_loss=dict(type='ExpectedErrorLoss')),
        dict(
            joint_loss=None, heatmap_loss=dict(type='VolumeCrossEntropyLoss')
        ),
        dict(joint_loss=None, heatmap_loss=dict(type='MarginalJSLoss')),
    ],
    ids=str,
)
def test_the_debiased_integral_needs_a_trained_background(
    losses, identity_head, make_samples
):
    """A constant of the map is free in these losses, and moves the joints."""
    with pytest.raises(ValueError, match='give the head JointL1Loss'):
        identity_head(**losses, readout='debiased_integral')
    head = identity_head(**losses, readout='integral')
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 6, 8)
    samples = make_samples(head.coordinates(logits.flip(-1)))
    name = 'loss_joint' if head.joint_loss else 'loss_heatmap'
    first, second = (
        head.loss((m,), samples)[name] for m in (logits, logits + 1)
    )
    torch.testing.assert_close(first, second)
    head.readout = 'debiased_integral'
    apart = head.coordinates(logits) - head.coordinates(logits + 1)
    assert apart.abs().max() > 0.05


@pytest.mark.parametrize('name', ['ExpectedErrorLoss', 'LocalJointL1Loss'])
def test_direct_regression_has_no_maps(name):
    config = dict(type='DirectRegressionHead', in_channels=4, num_joints=3)
    MODELS.build(config)
    with pytest.raises(ValueError, match=f'{name} takes heat maps.*JointL1'):
        MODELS.build(dict(config, joint_loss=dict(type=name)))


def test_features_of_another_width(build_head, make_samples):
    samples = make_samples(torch.rand(2, 3, 2))
    head = build_head(in_channels=4)
    head.loss((torch.rand(2, 4, 3, 2),), samples)
    with pytest.raises(ValueError, match='in_channels=4 but .* 5 channels'):
        head.loss((torch.rand(2, 5, 3, 2),), samples)


def test_direct_regression_builds_the_same_losses():
    config = dict(type='DirectRegressionHead', in_channels=4, num_joints=3)
    for wrong, message in (
        (dict(joint_loss=dict(type='VolumeMSELoss')), 'give it as heatmap_l'),
        (dict(joint_loss=dict(loss_weight=1.0)), 'dict with a type'),
        (dict(num_joints=0), 'num_joints must be a whole .* got 0'),
    ):
        with pytest.raises(ValueError, match=message):
            MODELS.build(dict(config, **wrong))
