"""The multi-stage head: one stage is the plain network, stages feed on."""

import pytest
import torch
from mmpose.models.backbones import ResNet
from mmpose.registry import MODELS

INPUT_SIZE = (64, 48)
CODEC = dict(type='IntegralLabel', input_size=INPUT_SIZE)
STAGE = dict(type='IntegralResNetStage', depth=18, base_channels=8)
HOURGLASS = dict(type='HourglassStage', levels=1)


def build(num_stages=2, stage=STAGE, in_channels=16, joints=3, **kwargs):
    if not {'heatmap_loss', 'joint_loss'} & set(kwargs):
        kwargs['joint_loss'] = dict(type='JointL1Loss')
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type='IntegralMultiStageHead',
            in_channels=in_channels,
            out_channels=joints,
            num_stages=num_stages,
            stage=stage,
            **dict(dict(deconv_out_channels=(6, 5), decoder=CODEC), **kwargs),
        )
    )
    head.init_weights()
    return head


def features(seed=1, channels=16):
    torch.manual_seed(seed)
    return (torch.randn(2, channels, 8, 8),)


def louder(head):
    """Make the maps large enough to matter to the next stage."""
    with torch.no_grad():
        for parameter in head.heads.parameters():
            parameter.normal_(0, 0.5)
        for module in head.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.fill_(1)
    return head.eval()


def test_one_stage_is_the_plain_network():
    torch.manual_seed(0)
    plain = ResNet(18, stem_channels=8, base_channels=8)
    plain.eval()  # MMPose's eval returns None
    shared = ResNet(
        18,
        stem_channels=8,
        base_channels=8,
        num_stages=2,
        strides=(1, 2),
        dilations=(1, 1),
        out_indices=(1,),
    )
    shared.eval()
    shared.load_state_dict(plain.state_dict(), strict=False)
    head = build(1).eval()
    head.stages[0].load_state_dict(
        {
            k: v
            for k, v in plain.state_dict().items()
            if k.startswith(('layer3', 'layer4'))
        }
    )
    image = torch.randn(2, 3, 64, 64)
    one = MODELS.build(
        dict(
            type='IntegralHead',
            in_channels=64,
            out_channels=3,
            deconv_out_channels=(6, 5),
            joint_loss=dict(type='JointL1Loss'),
            decoder=CODEC,
        )
    ).eval()
    one.load_state_dict(head.heads[0].state_dict())
    (logits,) = head(shared(image))
    assert torch.allclose(logits, one(plain(image)), atol=1e-6)


def test_a_stage_reads_the_raw_maps_of_the_one_before():
    head = louder(build())
    feats = features()
    first, second = head(feats)
    merged = torch.cat([feats[0], first], 1)
    expected = head.heads[1]((head.stages[1](merged),))
    assert torch.allclose(second, expected, atol=1e-6)
    changed = head.heads[1]((head.stages[1](merged * 1.5),))
    assert not torch.allclose(second, changed, atol=1e-3)


@pytest.mark.parametrize('stage', [STAGE, HOURGLASS])
def test_sharpen_multiplies_the_maps_of_every_stage(stage):
    """And nothing else: a later stage reads the maps as they were."""
    kwargs = dict(deconv_out_channels=()) if stage is HOURGLASS else {}
    head = louder(build(3, stage, **kwargs))
    before = head(features())
    head.sharpen(30.0)
    for old, new in zip(before, head(features())):
        torch.testing.assert_close(new, 30 * old, rtol=1e-4, atol=1e-3)


def test_hourglass_stages_add_up():
    """x1 = x0 + W f0 + V m0, x2 = x1 + W f1 + V m1: Newell's chain."""
    head = louder(build(3, HOURGLASS, 8, deconv_out_channels=(), joints=2))
    feats = features(channels=8)
    x, logits = feats[0], head(feats)
    for number in range(3):
        out = head.stages[number](x)
        assert torch.allclose(
            logits[number], head.heads[number]((out,)), atol=1e-5
        )
        if number < 2:
            later = head.stages[number + 1]
            x = x + later.from_features(out) + later.from_maps(logits[number])


def test_losses_of_every_stage(make_samples):
    head = louder(
        build(
            heatmap_loss=dict(type='VolumeMSELoss'),
            joint_loss=dict(type='JointL1Loss'),
        )
    )
    feats = features()
    samples = make_samples(torch.rand(2, 3, 2))
    losses = head.loss(feats, samples)
    assert set(losses) == {
        's0.loss_heatmap',
        's0.loss_joint',
        's1.loss_heatmap',
        's1.loss_joint',
        'acc_pose',
    }
    for number, logits in enumerate(head(feats)):
        alone = head.heads[number].losses_of_logits(logits, samples)
        for key in ('loss_heatmap', 'loss_joint'):
            assert torch.equal(losses[f's{number}.{key}'], alone[key])
    total, _ = parse(losses)
    assert total.item() == pytest.approx(
        sum(v.item() for k, v in losses.items() if 'loss' in k), rel=1e-6
    )


def test_the_accuracy_is_that_of_the_last_stage(make_samples):
    """The labels are what the last stage answers, and only that."""
    head, feats = louder(build()), features()
    answers = [
        stage.coordinates(logits)
        for stage, logits in zip(head.heads, head(feats))
    ]
    for labels, accuracy in ((answers[1], 1), (answers[0], None)):
        samples = make_samples(labels.detach())
        found = head.loss(feats, samples)['acc_pose'].item()
        assert found == accuracy if accuracy else found < 1


def parse(losses):
    """The sum that mmengine trains on."""
    from mmengine.model import BaseModel

    return BaseModel.parse_losses(None, losses)


def test_every_stage_learns(make_samples):
    head = build(joint_loss=dict(type='JointL1Loss')).train()
    torch.manual_seed(0)
    for module in head.heads:
        torch.nn.init.normal_(module.final_layer.weight, 0, 0.5)
    losses = head.loss(features(), make_samples(torch.rand(2, 3, 2)))
    losses['s1.loss_joint'].backward()
    reached = {
        name.split('.')[1]
        for name, p in head.named_parameters()
        if p.grad is not None and p.grad.abs().max() > 0
    }
    assert reached == {'0', '1'}  # through the maps into the first stage


@pytest.mark.parametrize('flip_test', [False, True])
def test_the_last_stage_predicts(make_samples, flip_test):
    head = louder(build())
    samples = make_samples(n=2, flip_indices=[1, 0, 2])
    feats, mirrored = features(1), features(2)
    got = head.predict(
        [feats, mirrored] if flip_test else feats,
        samples,
        dict(flip_test=flip_test),
    )
    last = [head.before_last_head(f)[0] for f in (feats, mirrored)]
    expected = head.heads[-1].predict(
        last if flip_test else last[0], samples, dict(flip_test=flip_test)
    )
    logits = head.heads[-1](last[0])
    assert torch.allclose(head(feats)[-1], logits)
    for one, other in zip(got, expected):
        assert (one.keypoints == other.keypoints).all()
        assert (one.keypoint_scores == other.keypoint_scores).all()


def test_stages_of_different_depth(make_samples):
    """Table 8: d1 = 1 learns x and y, the volume's stage all three."""
    head = louder(
        build(
            2,
            HOURGLASS,
            8,
            deconv_out_channels=(),
            depths=(1, 5),
            decoder=dict(CODEC, depth_range_mm=2000.0),
        )
    )
    feats = features(channels=8)
    first, second = head(feats)
    assert first.shape == (2, 3, 8, 8) and second.shape == (2, 3, 5, 8, 8)
    labels = torch.rand(2, 3, 3)
    other = labels.clone()
    other[..., 2] = 1 - other[..., 2]
    one, two = (head.loss(feats, make_samples(v)) for v in (labels, other))
    assert torch.equal(one['s0.loss_joint'], two['s0.loss_joint'])
    assert not torch.equal(one['s1.loss_joint'], two['s1.loss_joint'])
    samples = make_samples(
        n=2,
        flip_indices=[1, 0, 2],
        mm_per_px=[1.0, 1.0],
        input_scale=[(64.0, 48.0)] * 2,
    )
    assert head.predict(feats, samples)[0].keypoints.shape == (1, 3, 3)


def test_wrong_depths_are_an_error():
    with pytest.raises(ValueError, match='2 stages'):
        build(2, depths=(1, 1, 1))
    with pytest.raises(ValueError, match='num_stages must be .* got 0'):
        build(0)


def test_features_of_another_width():
    head = build(in_channels=16)
    head((torch.rand(2, 16, 8, 8),))
    with pytest.raises(ValueError, match='in_channels=16 but .* 8 channels'):
        head((torch.rand(2, 8, 8, 8),))


def test_the_heads_start_small_and_the_stages_do_not():
    """N(0, 1e-3) is for the heads; it must not reach the stages."""
    head = build()
    weight = head.heads[1].final_layer.weight
    assert weight.std().item() == pytest.approx(1e-3, rel=0.5)
    # Kaiming, fan out: sqrt(2 / (9 * 32))
    conv = head.stages[1].layer3[0].conv1.weight
    assert conv.std().item() == pytest.approx((2 / (9 * 32)) ** 0.5, rel=0.1)
