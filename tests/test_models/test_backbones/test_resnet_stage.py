"""ResNet stages: the weights of a plain ResNet fit, maps enter at zero."""

import pytest
import torch
from mmengine.runner.checkpoint import load_checkpoint
from mmpose.models.backbones import ResNet
from torch.nn import functional

from integral_mmpose.models import IntegralResNetStage


@pytest.fixture(scope='module', params=['pytorch', 'caffe'])
def plain(request):
    """A ResNet-50 of an eighth of the width with lively statistics."""
    torch.manual_seed(0)
    network = ResNet(50, stem_channels=8, base_channels=8, style=request.param)
    network.init_weights()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            module.running_mean.normal_(0, 0.1)
    network.eval()  # MMPose's returns None
    return network


@pytest.mark.parametrize('depth, layers', [(18, 2), (50, 3)])
def test_first_stage_is_the_plain_trunk(depth, layers):
    trunk = ResNet(depth, base_channels=8, stem_channels=8)
    channels = 16 if depth == 18 else 64
    stage = IntegralResNetStage(channels, depth=depth, base_channels=8)
    own = {name: value.shape for name, value in stage.state_dict().items()}
    theirs = {
        name: value.shape
        for name, value in trunk.state_dict().items()
        if name.startswith(('layer3.', 'layer4.'))
    }
    assert own == theirs
    assert stage.out_channels == trunk.feat_dim


def test_pretrained_weights_reach_every_tensor(plain, tmp_path):
    """174 of 174 tensors for ResNet-50, and the same function."""
    path = tmp_path / 'resnet50.pth'
    torch.save(plain.state_dict(), path)
    pretrained = dict(type='Pretrained', checkpoint=str(path))
    stage = IntegralResNetStage(
        64, 5, base_channels=8, style=plain.style, init_cfg=pretrained
    )
    before = {k: v.clone() for k, v in stage.state_dict().items()}
    stage.init_weights()
    stage.eval()
    after = stage.state_dict()
    assert len(after) == 174
    source = plain.state_dict()
    for name, value in after.items():
        wanted = source[name]
        if value.shape != wanted.shape:
            assert value[:, 64:].abs().max() == 0, name
            value = value[:, :64]
            assert before[name][:, 64:].abs().max() > 0, name
        assert torch.equal(value, wanted), name
    shared = torch.randn(2, 64, 12, 8)
    maps = torch.randn(2, 5, 12, 8)
    merged = stage.merge(shared, None, None, maps)
    expected = plain.layer4(plain.layer3(shared))
    assert torch.allclose(stage(merged), expected, atol=1e-5)


def test_a_trained_stage_loads_as_it_is(tmp_path):
    """The padding leaves weights alone that have channels for the maps."""
    torch.manual_seed(1)
    stage = IntegralResNetStage(32, 3, depth=18, base_channels=16)
    path = tmp_path / 'stage.pth'
    torch.save(stage.state_dict(), path)
    other = IntegralResNetStage(32, 3, depth=18, base_channels=16)
    load_checkpoint(other, str(path), map_location='cpu', strict=True)
    for name, value in other.state_dict().items():
        assert torch.equal(value, stage.state_dict()[name]), name


def test_from_scratch_residual_branches_start_at_zero():
    """As MMPose's ResNet: a block is its shortcut, its scale is zero."""
    stage = IntegralResNetStage(64, 2, base_channels=8)
    stage.init_weights()
    assert all(block.bn3.weight.abs().max() == 0 for block in stage.layer4)
    # Kaiming, fan out, for a 1x1 layer of 66 -> 32 channels: sqrt(2 / 32)
    std = stage.layer3[0].conv1.weight.std().item()
    assert std == pytest.approx((2 / 32) ** 0.5, rel=0.1)


def test_larger_maps_are_averaged():
    stage = IntegralResNetStage(16, 3, depth=18, base_channels=8)
    shared, maps = torch.randn(2, 16, 4, 6), torch.randn(2, 3, 8, 12)
    merged = stage.merge(shared, None, None, maps)
    means = maps.view(2, 3, 4, 2, 6, 2).mean((3, 5))
    assert torch.equal(merged[:, :16], shared)
    assert torch.allclose(merged[:, 16:], means)
    assert not torch.allclose(
        merged[:, 16:], functional.interpolate(maps, (4, 6))
    )


def test_maps_of_any_size_are_averaged():
    """Windows of 5 / 4 and 7 / 6 px, as adaptive pooling lays them."""
    stage = IntegralResNetStage(16, 3, depth=18, base_channels=8)
    shared, maps = torch.randn(1, 16, 4, 6), torch.randn(1, 3, 5, 7)
    merged = stage.merge(shared, None, None, maps)[0, 16:]
    for y in range(4):
        for x in range(6):
            rows = slice(y * 5 // 4, -(-(y + 1) * 5 // 4))
            columns = slice(x * 7 // 6, -(-(x + 1) * 7 // 6))
            mean = maps[0, :, rows, columns].mean((1, 2))
            assert torch.allclose(merged[:, y, x], mean, atol=1e-6)


def test_whole_ratios_need_no_adaptive_pooling(monkeypatch):
    """Its gradient has no deterministic form on CUDA."""
    monkeypatch.setattr(functional, 'adaptive_avg_pool2d', None)
    stage = IntegralResNetStage(16, 3, depth=18, base_channels=8)
    shared, maps = torch.randn(2, 16, 4, 6), torch.randn(2, 3, 8, 12)
    assert stage.merge(shared, None, None, maps).shape == (2, 19, 4, 6)


def test_smaller_maps_are_an_error():
    stage = IntegralResNetStage(16, 3, depth=18, base_channels=8)
    with pytest.raises(ValueError, match=r'\(2, 3\).*\(4, 6\)'):
        stage.merge(
            torch.zeros(1, 16, 4, 6), None, None, torch.zeros(1, 3, 2, 3)
        )


def test_features_of_another_resnet_are_an_error():
    with pytest.raises(ValueError, match='has 512 channels.*in_channels=128'):
        IntegralResNetStage(128, depth=50)
