"""Prediction from logits that are known: px, mm, scores, flip, errors."""

import numpy as np
import pytest
import torch

W, H, D = 8, 6, 5  # heat map of the 64 x 48 px input: 8 px a bin
BINS = torch.tensor(
    [[[1, 2, 3], [6, 5, 0], [4, 0, 4]], [[7, 1, 2], [0, 4, 1], [3, 3, 3]]]
)
PAIRS = [0, 2, 1]
H1, H2, H3 = (
    dict(heatmap_loss=dict(type=f'Volume{name}Loss'), readout='argmax')
    for name in ('MSE', 'CrossEntropy', 'BCE')
)


def one_hot(depth, value=100.0, background=0.0):
    """One cell a joint, channel k * D + z: (2, 3 * depth, H, W)."""
    logits = torch.full((2, 3 * depth, H, W), background)
    for b in range(2):
        for k in range(3):
            x, y, z = BINS[b, k].tolist()
            logits[b, k * depth + (z if depth > 1 else 0), y, x] = value
    return (logits,)


@pytest.mark.parametrize(
    'readout', ['integral', 'debiased_integral', 'argmax', 'marginal_argmax']
)
@pytest.mark.parametrize('depth', [1, D])
def test_values_by_hand(readout, depth, identity_head, make_samples, stack):
    """px = bin * 8; mm = (bin / 5 - 1/2) * range; channel k * D + z."""
    head = identity_head(depth=depth, readout=readout)
    samples = make_samples(
        mm_per_px=[4.0, None], input_scale=[[400.0, 300.0], [400.0, 300.0]]
    )
    preds = head.predict(one_hot(depth), samples)
    keypoints = stack(preds, 'keypoints')
    assert keypoints.shape == (2, 3, 2 if depth == 1 else 3)
    assert keypoints.dtype == np.float32
    assert np.abs(keypoints[..., :2] - BINS[..., :2].numpy() * 8).max() < 1e-4
    if depth > 1:
        ranges = np.array([[1600.0], [2000.0]])
        expected = (BINS[..., 2].numpy() / D - 0.5) * ranges
        assert np.abs(keypoints[..., 2] - expected).max() < 1e-3
    scores = stack(preds, 'keypoint_scores')
    assert scores.shape == (2, 3)
    assert scores.min() > 0.999


def test_channel_order_is_joint_major(identity_head):
    """Channel k * D + z is (k, z); z * K + k is the wrong reading."""
    channels = torch.arange(15.0).view(1, 15, 1, 1).expand(1, 15, H, W)
    logits = identity_head(depth=D)((channels,))
    assert logits.shape == (1, 3, D, H, W)
    for k in range(3):
        for z in range(D):
            assert (logits[0, k, z] == k * D + z).all()
    assert (logits[0, 0, 1] != 1 * 3 + 0).all()


@pytest.mark.parametrize('depth', [1, D])
def test_metric_unit_ignores_the_box(
    depth, identity_head, make_samples, stack
):
    decoder = dict(
        type='IntegralLabel',
        input_size=(64, 48),
        depth_unit='metric',
        depth_range_mm=None if depth == 1 else 1500.0,
    )
    head = identity_head(depth=depth, decoder=decoder)
    samples = make_samples(mm_per_px=[4.0] * 2, input_scale=[[9.0, 9.0]] * 2)
    keypoints = stack(head.predict(one_hot(depth), samples), 'keypoints')
    if depth > 1:
        expected = (BINS[..., 2].numpy() / D - 0.5) * 1500
        assert np.abs(keypoints[..., 2] - expected).max() < 1e-3


@pytest.mark.parametrize('depth', [1, D])
@pytest.mark.parametrize(
    'config, value, score',
    [
        (H1, 0.7, 0.7),
        (H1, 1.3, 1.0),
        (H1, -0.2, 0.0),
        (H3, 2.0, 1 / (1 + np.exp(-2))),
        (H3, -3.0, 1 / (1 + np.exp(3))),
        (H2, 100.0, 1.0),
    ],
)
def test_scores_of_heat_map_methods(
    config, value, score, depth, identity_head, make_samples, stack
):
    """H1: the clipped peak; H3: its sigmoid; H2: the spread."""
    head = identity_head(depth=depth, **config)
    feats = one_hot(depth, value, background=value - 10)
    if config is H2:
        feats = one_hot(depth, value)
    got = stack(head.predict(feats, make_samples()), 'keypoint_scores')
    assert np.abs(got - score).max() < 1e-6


@pytest.mark.parametrize(
    'readout', ['integral', 'debiased_integral', 'argmax', 'marginal_argmax']
)
@pytest.mark.parametrize('scale', [0.0, 1e-3, 1.0, 50.0, 6e4])
@pytest.mark.parametrize('depth', [1, D])
def test_scores_are_in_0_1_and_never_ones(
    readout, scale, depth, identity_head, make_samples, stack
):
    torch.manual_seed(0)
    head = identity_head(depth=depth, readout=readout)
    feats = (scale * torch.randn(2, 3 * depth, H, W),)
    preds = head.predict(feats, make_samples())
    scores = stack(preds, 'keypoint_scores')
    assert (scores > 0).all()
    assert (scores <= 1).all()
    if scale <= 1e-3:  # flat: the score of a uniform map
        axes = [W, H] + ([D] if depth > 1 else [])
        mean = np.mean([(n * n - 1) / 12 / n**2 for n in axes])
        assert np.abs(scores - (1 + np.sqrt(12 * mean)) ** -2).max() < 1e-2
    assert np.isfinite(stack(preds, 'keypoints')).all()


def test_the_score_is_of_the_maps_that_are_read(
    identity_head, make_samples, stack
):
    """A joint variant trains a heat map too, and reads by the integral."""
    joint = dict(joint_loss=dict(type='JointL1Loss'))
    both = identity_head(**dict(H1, **joint, readout='integral'))
    alone = identity_head(**joint)
    feats = one_hot(1, 3.0)
    assert both.score_kind == 'spread' == alone.score_kind
    scores = [
        stack(head.predict(feats, make_samples()), 'keypoint_scores')
        for head in (both, alone)
    ]
    assert (scores[0] == scores[1]).all() and (scores[0] < 1).all()
    peak = identity_head(**H1).predict(feats, make_samples())
    assert (stack(peak, 'keypoint_scores') == 1).all()


@pytest.mark.parametrize('flip_test', [True, False])
def test_samples_say_whether_they_were_flipped(
    flip_test, identity_head, make_samples
):
    samples, feats = make_samples(flip_indices=PAIRS), one_hot(1)
    identity_head().predict(
        [feats, feats] if flip_test else feats,
        samples,
        dict(flip_test=flip_test),
    )
    assert [sample.flip_test for sample in samples] == [flip_test] * 2


@pytest.mark.parametrize('sizes', [(16, 12), (32, 24), (16, 12, 10)])
def test_flip_test_is_exact_on_a_mirrored_input(
    sizes, identity_head, make_samples, stack, ideal_features
):
    """An ideal network, its image mirrored by W - 1 - x: nothing moves."""
    torch.manual_seed(0)
    depth = sizes[2] if len(sizes) == 3 else 1
    points = torch.rand(2, 3, len(sizes)).double() * 0.3 + 0.35
    mirrored = points[:, PAIRS].clone()
    mirrored[..., 0] = (63 - 64 * mirrored[..., 0]) / 64
    feats = [ideal_features(points, sizes), ideal_features(mirrored, sizes)]
    head = identity_head(depth=depth)
    samples = make_samples(flip_indices=PAIRS)
    merged = head.predict(feats, samples, dict(flip_test=True))
    keypoints = stack(merged, 'keypoints')
    expected = points[..., :2].numpy() * [64, 48]
    assert np.abs(keypoints[..., :2] - expected).max() <= 1e-3
    alone = stack(head.predict(feats[0], samples), 'keypoints')
    assert np.abs(keypoints - alone).max() <= 2e-2
    assert np.abs((keypoints - alone)[..., :2]).max() <= 1e-3
    # The wrong reading: mirrored as maps, x moves by half of 1 - 64 / w px.
    maps = feats[1][0].view(2, 3, -1, sizes[1], sizes[0])
    maps = maps[:, PAIRS].flip(-1).flatten(1, 2)
    wrong = stack(head.predict((maps,), samples), 'keypoints')
    bias = (wrong - keypoints)[..., 0]
    assert np.abs(bias - (1 - 64 / sizes[0])).max() < 1e-2


def test_flip_test_averages_scores_of_the_same_joint(
    identity_head, make_samples, stack
):
    head = identity_head(**H1)
    peaks = torch.tensor([[0.2, 0.4, 0.6], [0.2, 0.4, 0.6]])
    other = torch.tensor([[0.3, 0.5, 0.9], [0.1, 0.1, 0.5]])
    feats = [(p[..., None, None].expand(2, 3, H, W),) for p in (peaks, other)]
    preds = head.predict(
        feats, make_samples(flip_indices=PAIRS), dict(flip_test=True)
    )
    expected = (peaks + other[:, PAIRS]) / 2
    assert (
        np.abs(stack(preds, 'keypoint_scores') - expected.numpy()).max() < 1e-6
    )


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
@pytest.mark.parametrize('readout', ['integral', 'argmax', 'marginal_argmax'])
@pytest.mark.parametrize('place', ['plain', 'image', 'mirrored'])
def test_logits_that_are_not_finite(
    bad, readout, place, identity_head, make_samples
):
    """argmax hides a NaN: every forward is checked, the mirrored too."""
    head = identity_head(readout=readout)
    (good,) = one_hot(1)
    broken = good.clone()
    broken[1, 2, 3, 4] = bad
    feats = {
        'plain': (broken,),
        'image': [(broken,), (good,)],
        'mirrored': [(good,), (broken,)],
    }[place]
    # Through the 1x1 layer it reaches every joint of that cell.
    with pytest.raises(
        ValueError, match=(r'IntegralHead: logits: 3 of .*\(1, 0, 3, 4\)')
    ):
        head.predict(
            feats,
            make_samples(flip_indices=PAIRS),
            dict(flip_test=place != 'plain'),
        )


@pytest.mark.parametrize('depth', [1, D])
@pytest.mark.parametrize('config', [H1, H3, dict(readout='integral')])
def test_output_heatmaps(depth, config, identity_head, make_samples):
    torch.manual_seed(0)
    head = identity_head(depth=depth, **config)
    logits = torch.randn(2, 3 * depth, H, W)
    preds, fields = head.predict(
        (logits,), make_samples(), dict(output_heatmaps=True)
    )
    assert len(preds) == len(fields) == 2
    volume = logits.view(2, 3, depth, H, W)
    for i in range(2):
        assert fields[i].heatmaps.shape == (3, H, W)
        assert not fields[i].heatmaps.requires_grad
        expected = volume[i].amax(1)
        if config is H3:
            expected = expected.sigmoid()
        elif config is not H1:
            expected = (
                volume[i].flatten(1).softmax(-1).view(3, depth, H, W).sum(1)
            )
        torch.testing.assert_close(fields[i].heatmaps, expected)


def test_depth_contradicts_the_codec(build_head):
    flat = dict(type='IntegralLabel', input_size=(64, 48))
    deep = dict(flat, depth_range_mm=2000.0)
    for depth, decoder in ((5, flat), (1, deep)):
        with pytest.raises(ValueError, match=f'depth={depth} but its codec'):
            build_head(depth=depth, decoder=decoder)


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (
            dict(readout='softargmax'),
            "readout must be one of .* got 'softargmax'",
        ),
        (dict(joint_loss=None), 'needs heatmap_loss, joint_loss or both'),
        (dict(depth=0), 'depth must be a whole .* at least 1, got 0'),
        (dict(joints=0), 'out_channels must be a whole .* least 1, got 0'),
        (dict(in_channels=0), 'in_channels must be a whole .* 1, got 0'),
        (dict(deconv_out_channels=(8, -1)), 'deconv_out_channels .* got -1'),
        (
            dict(heatmap_loss=dict(type='JointL1Loss')),
            'heatmap_loss: JointL1Loss is not a heat map loss',
        ),
        (
            dict(joint_loss=dict(type='VolumeMSELoss')),
            'joint_loss: VolumeMSELoss is a heat map loss',
        ),
    ],
)
def test_bad_arguments(kwargs, message, build_head):
    with pytest.raises(ValueError, match=message):
        build_head(**kwargs)


def test_2d_labels_in_a_3d_head(identity_head, make_samples):
    with pytest.raises(ValueError, match='predicts 3 axes .* labels have 2'):
        identity_head(depth=D).loss(
            one_hot(D), make_samples(torch.rand(2, 3, 2))
        )


@pytest.mark.parametrize('depth', [1, D])
def test_without_a_decoder(depth, identity_head, make_samples):
    with pytest.raises(RuntimeError, match='decoder has not been set'):
        identity_head(depth=depth, decoder=None).predict(
            one_hot(depth), make_samples()
        )


@pytest.mark.parametrize(
    ('losses', 'readout'),
    [
        (dict(heatmap_loss=dict(type='VolumeMSELoss')), 'argmax'),
        (dict(heatmap_loss=dict(type='VolumeBCELoss')), 'argmax'),
        (dict(heatmap_loss=dict(type='MarginalMSELoss')), 'marginal_argmax'),
        (dict(joint_loss=dict(type='JointL1Loss')), 'integral'),
        (
            dict(
                heatmap_loss=dict(type='VolumeMSELoss'),
                joint_loss=dict(type='JointL1Loss'),
            ),
            'integral',
        ),
    ],
)
def test_what_is_trained_is_what_is_read_by_default(
    losses, readout, identity_head, make_samples, stack
):
    """A perfect H1 map, whose expectation is the middle, has its peak read."""
    head = identity_head(depth=D, **losses)
    assert head.readout == readout
    keypoints = stack(head.predict(one_hot(D), make_samples()), 'keypoints')
    assert np.abs(keypoints[..., :2] - BINS[..., :2].numpy() * 8).max() < 1e-4


def test_crops_of_another_size_than_the_codecs(identity_head, make_samples):
    samples = make_samples()
    samples[1].set_metainfo(dict(input_size=(32, 32)))
    with pytest.raises(ValueError, match=r'crops of \(32, 32\).*\(64, 48\)'):
        identity_head().predict(one_hot(1), samples)


def test_an_empty_batch(identity_head):
    for depth in (1, D):
        logits = identity_head(depth=depth)((torch.zeros(0, 3 * depth, H, W),))
        assert logits.shape == (
            (0, 3, H, W) if depth == 1 else (0, 3, D, H, W)
        )


ARGMAX_HEADS = {
    'map': H1,
    'vectors': dict(
        heatmap_loss=dict(type='MarginalCrossEntropyLoss'),
        readout='marginal_argmax',
    ),
}


@pytest.mark.parametrize('kind', ARGMAX_HEADS)
def test_flip_test_merges_the_maps_of_an_argmax(
    kind, identity_head, make_samples, stack
):
    """Two modes: the merged map has one winner, not the place between."""
    head = identity_head(**ARGMAX_HEADS[kind])
    image, mirrored = torch.zeros(2, 1, 3, 12, 16)
    image[..., 6, 2], image[..., 6, 12] = 0.9, 1.0
    # Bin 2 of 16 over 64 px lies at 16 - 16 / 64 - 2 = 13.75 in the mirror.
    mirrored[..., 6, 14], mirrored[..., 6, 13] = 1.0, 1.0
    mirrored[..., 6, 3] = 0.2
    samples = make_samples(n=1, flip_indices=[0, 1, 2])
    feats = [(image * 9,), (mirrored * 9,)]
    if kind == 'map':
        feats = [(image,), (mirrored,)]
    preds = head.predict(feats, samples, dict(flip_test=True))
    assert stack(preds, 'keypoints')[0, :, 0].tolist() == [2 * 4.0] * 3


@pytest.mark.parametrize('kind', ARGMAX_HEADS)
def test_a_symmetric_image_gives_a_symmetric_pose(
    kind, identity_head, make_samples, stack
):
    """Its mirror has the same maps: joint and mirror joint lie W - 1 apart."""
    head = identity_head(**ARGMAX_HEADS[kind])
    draw = torch.Generator().manual_seed(0)
    for _ in range(20):
        # Both joints are seen on the same side: the fainter one is wrong.
        centres = 2 + torch.randint(4, (2, 3), generator=draw)
        peaks = torch.tensor([[1.0, 8.0, 4.0], [1.0, 4.0, 8.0]])
        squares = (torch.arange(16) - centres[..., None, None]) ** 2
        logits = peaks[..., None, None] * torch.exp(-squares / 2)
        logits = logits * torch.eye(12)[6][:, None]
        preds = head.predict(
            [(logits,), (logits,)],
            make_samples(flip_indices=PAIRS),
            dict(flip_test=True),
        )
        left, right = np.moveaxis(
            stack(preds, 'keypoints')[:, [1, 2], 0], 1, 0
        )
        assert PAIRS == [0, 2, 1]
        # To a bin of 4 px, which the mirrored place of a bin is not.
        assert np.abs(left + right - 63).max() <= 4


def test_a_pair_of_another_joint_set_is_refused(identity_head, make_samples):
    feats = [one_hot(1), one_hot(1)]
    with pytest.raises(ValueError, match='3 joints, flip_indices .* 2'):
        identity_head(**H1).predict(
            feats, make_samples(flip_indices=[1, 0]), dict(flip_test=True)
        )
