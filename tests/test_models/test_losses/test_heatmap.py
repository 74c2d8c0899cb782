"""H1, H2, H3 as modules: masks, reduction, and what a 2D sample trains."""

import math

import pytest
import torch
from mmpose.registry import MODELS
from torch.nn import functional as F

import integral_mmpose  # noqa: F401

VOLUME = [
    'VolumeMSELoss',
    'VolumeCrossEntropyLoss',
    'VolumeBCELoss',
    'VolumeJSLoss',
]
MARGINAL = ['MarginalMSELoss', 'MarginalCrossEntropyLoss', 'MarginalJSLoss']
SHAPE_2D, SHAPE_3D = (4, 3, 6, 8), (4, 3, 5, 6, 8)


def batch(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64)
    labels = torch.rand(
        *shape[:2], len(shape) - 2, generator=generator, dtype=torch.float64
    )
    return logits.requires_grad_(), labels, torch.ones_like(labels)


def gradient(loss, logits, labels, weights):
    logits = logits.detach().clone().requires_grad_()
    loss(logits, labels, weights).backward()
    return logits.grad


def peaks(shape, labels, sigma=1.0):
    """Gaussians of peak 1 around the labels, by broadcasting."""
    target = torch.ones(shape, dtype=torch.float64)
    for axis in range(len(shape) - 2):
        n = shape[-1 - axis]
        distance = torch.arange(n) - labels[..., axis, None] * n
        line = (-(distance**2) / (2 * sigma**2)).exp()
        view = [*line.shape[:2], *[1] * (len(shape) - 2)]
        view[len(shape) - 1 - axis] = n
        target = target * line.reshape(view)
    return target


@pytest.mark.parametrize('shape', [SHAPE_2D, SHAPE_3D])
def test_h1_of_a_batch_by_its_definition(shape):
    """Mean over B * K of sum (V - G)^2 / sum G^2; the bin is label * n."""
    logits, labels, weights = batch(shape)
    target = peaks(shape, labels)
    expected = ((logits - target) ** 2).flatten(2).sum(-1) / (
        target**2
    ).flatten(2).sum(-1)
    loss = MODELS.build(dict(type='VolumeMSELoss', loss_weight=3.0))
    torch.testing.assert_close(
        loss(logits, labels, weights), 3 * expected.mean()
    )
    sharp = MODELS.build(dict(type='VolumeMSELoss', sigma=0.5))
    target = peaks(shape, labels, 0.5)
    expected = ((logits - target) ** 2).flatten(2).sum(-1) / (
        target**2
    ).flatten(2).sum(-1)
    torch.testing.assert_close(sharp(logits, labels, weights), expected.mean())


@pytest.mark.parametrize('shape', [SHAPE_2D, SHAPE_3D])
def test_h2_of_a_batch_by_torch(shape):
    logits, labels, weights = batch(shape)
    sizes = torch.tensor(shape[2:])
    index = (labels.flip(-1) * sizes).round().long().minimum(sizes - 1)
    flat = torch.zeros(shape[:2], dtype=torch.long)
    for axis in range(len(sizes)):
        flat = flat * sizes[axis] + index[..., axis]
    expected = F.cross_entropy(logits.flatten(0, 1).flatten(1), flat.flatten())
    loss = MODELS.build(dict(type='VolumeCrossEntropyLoss'))
    torch.testing.assert_close(loss(logits, labels, weights), expected)
    # On heat vectors: the sum over axes of the same on each.
    probs = logits.flatten(2).softmax(-1).view(shape)
    expected = 0
    for axis in range(len(sizes)):
        others = [a for a in range(2, len(shape)) if a != axis + 2]
        line = probs.sum(others).log().flatten(0, 1)
        expected = expected + F.nll_loss(line, index[..., axis].flatten())
    loss = MODELS.build(dict(type='MarginalCrossEntropyLoss'))
    torch.testing.assert_close(loss(logits, labels, weights), expected)


def test_h1_on_heat_vectors_by_its_definition():
    logits, labels, weights = batch(SHAPE_3D)
    probs = logits.flatten(2).softmax(-1).view(SHAPE_3D)
    expected = 0
    for axis, n in enumerate(reversed(SHAPE_3D[2:])):
        kept = 4 - axis
        line = probs.sum([a for a in (2, 3, 4) if a != kept])
        distance = torch.arange(n) - labels[..., axis, None] * n
        target = (-(distance**2) / 2).exp().double()
        target = target / target.sum(-1, keepdim=True)
        error = ((line - target) ** 2).sum(-1) / (target**2).sum(-1)
        expected = expected + error.mean()
    loss = MODELS.build(dict(type='MarginalMSELoss'))
    torch.testing.assert_close(loss(logits, labels, weights), expected)


def test_h3_disc_has_15_px_of_256():
    """Uniform logits -c: BCE is log(1 + e^-c), plus c on positive cells."""
    side, c = 64, 2.0
    logits = torch.full((1, 1, side, side), -c)
    labels = torch.full((1, 1, 2), 0.5)
    inside = sum(
        (x - 32) ** 2 + (y - 32) ** 2 <= (15 / 4) ** 2
        for x in range(side)
        for y in range(side)
    )
    expected = math.log1p(math.exp(-c)) + c * inside / side**2
    loss = MODELS.build(dict(type='VolumeBCELoss'))
    got = loss(logits, labels, torch.ones(1, 1, 2))
    assert got.item() == pytest.approx(expected, rel=1e-5)
    wider = MODELS.build(dict(type='VolumeBCELoss', radius=30 / 256))
    assert wider(logits, labels, torch.ones(1, 1, 2)) > got


@pytest.mark.parametrize('name', VOLUME + MARGINAL)
@pytest.mark.parametrize('shape', [SHAPE_2D, SHAPE_3D])
def test_fixed_count(name, shape):
    """The loss of a batch is the mean of the losses of its halves."""
    logits, labels, weights = batch(shape)
    weights[0], weights[1, :2] = 0, 0
    loss = MODELS.build(dict(type=name))
    whole = loss(logits, labels, weights)
    halves = [
        loss(logits[i : i + 2], labels[i : i + 2], weights[i : i + 2])
        for i in (0, 2)
    ]
    torch.testing.assert_close(sum(halves) / 2, whole)


@pytest.mark.parametrize('name', VOLUME + MARGINAL)
@pytest.mark.parametrize('shape', [SHAPE_2D, SHAPE_3D])
@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -3.0])
def test_no_weight_no_gradient(name, shape, bad):
    logits, labels, weights = batch(shape)
    weights[1, 2], labels[1, 2] = 0, bad
    got = gradient(MODELS.build(dict(type=name)), logits, labels, weights)
    assert got.isfinite().all()
    assert (got[1, 2] == 0).all()
    assert (got[1, 1] != 0).any()


@pytest.mark.parametrize('name', VOLUME + MARGINAL)
def test_no_visible_joint_at_all(name):
    logits, labels, _ = batch(SHAPE_3D)
    weights = torch.zeros_like(labels)
    loss = MODELS.build(dict(type=name))(logits, labels, weights)
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize('name', MARGINAL)
def test_2d_sample_trains_x_and_y_and_its_z_label_is_never_seen(name):
    logits, labels, weights = batch(SHAPE_3D)
    weights[1:3, :, 2] = 0
    loss = MODELS.build(dict(type=name))
    first = gradient(loss, logits, labels, weights)
    for z in (0.0, 0.9, float('nan')):
        other = labels.clone()
        other[1:3, :, 2] = z
        assert torch.equal(gradient(loss, logits, other, weights), first)
    assert (first[1:3] != 0).any()
    # The oracle: the 2D loss on the volume summed over depth in log space.
    flat = logits.detach().clone().requires_grad_()
    half = loss(flat.logsumexp(2), labels[..., :2], weights[..., :2])
    half.backward()
    torch.testing.assert_close(first[1:3], flat.grad[1:3])
    # A 3D sample does see its z.
    other = labels.clone()
    other[0, :, 2] = 1 - other[0, :, 2]
    changed = gradient(loss, logits, other, weights)
    assert not torch.equal(changed[0], first[0])
    assert torch.equal(changed[1:], first[1:])


@pytest.mark.parametrize('name', VOLUME)
def test_2d_sample_on_a_volume_has_no_gradient(name):
    """A cell of a volume needs all three axes: the sample is left out."""
    logits, labels, weights = batch(SHAPE_3D)
    weights[1:3, :, 2], labels[1:3, :, 2] = 0, float('nan')
    got = gradient(MODELS.build(dict(type=name)), logits, labels, weights)
    assert (got[1:3] == 0).all()
    assert (got[0] != 0).any()


@pytest.mark.parametrize(
    'name, score',
    [
        ('VolumeMSELoss', 'peak'),
        ('VolumeBCELoss', 'sigmoid'),
        ('VolumeCrossEntropyLoss', 'spread'),
        ('MarginalMSELoss', 'spread'),
        ('MarginalCrossEntropyLoss', 'spread'),
    ],
)
def test_how_a_score_is_read(name, score):
    assert MODELS.build(dict(type=name)).score == score


@pytest.mark.parametrize('name', VOLUME + MARGINAL)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_in_autocast(name, dtype, autocast):
    logits, labels, weights = batch(SHAPE_3D)
    logits = logits.detach().to(dtype)
    loss = MODELS.build(dict(type=name))
    exact = loss(logits.double(), labels, weights)
    with autocast(dtype):
        got = loss(logits, labels.float(), weights.float())
    assert got.dtype == torch.float32
    assert abs(got.item() - exact.item()) <= 1e-4


@pytest.mark.parametrize('name', VOLUME + MARGINAL)
def test_gradients_are_large_enough_to_train(name):
    """At the start, a flat 64^3 volume: a mean over cells gives 2e-9."""
    logits = 1e-3 * torch.randn(1, 1, 64, 64, 64)
    labels = torch.full((1, 1, 3), 0.3)
    got = gradient(
        MODELS.build(dict(type=name)), logits, labels, torch.ones(1, 1, 3)
    )
    assert got.abs().sum() > 1e-3


@pytest.mark.parametrize('name', VOLUME + MARGINAL)
def test_has_no_parameters_and_no_state(name):
    loss = MODELS.build(dict(type=name))
    assert not loss.state_dict()
    assert not list(loss.parameters())
