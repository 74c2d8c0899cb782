"""The backbone of a scale: found, checked, told apart, and really loaded."""

import hashlib

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.models.backbones import ResNet
from mmpose.registry import MODELS

from reproduction import scales
from reproduction.backbone import VARIABLE, digest, find_backbone
from reproduction.plan import load
from reproduction.scales import load_setting, scale_config


@pytest.fixture
def setting_with(monkeypatch):
    """The pretrained scale with a checkpoint; read anew, then forgotten."""

    def read(path):
        monkeypatch.setenv(VARIABLE, str(path))
        scales._load.cache_clear()
        return load_setting('pretrained', 'mpii')

    yield read
    scales._load.cache_clear()


@pytest.fixture
def checkpoint(tmp_path):
    """A ResNet-50 of half the width with values of its own."""
    torch.manual_seed(3)
    model = ResNet(50, base_channels=32, stem_channels=64)
    path = tmp_path / 'resnet.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def test_other_scales_start_from_scratch():
    for scale in ('tiny', 'small', 'paper'):
        assert find_backbone(load_setting(scale, 'mpii')) == {}
    assert digest(dict(MPII_ROOT='data')) == {}


def test_it_is_found_and_told_apart(setting_with, checkpoint):
    found = find_backbone(setting_with(checkpoint))
    assert found == {VARIABLE: str(checkpoint)}
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    content = b''.join(
        name.encode() + weights[name].numpy().tobytes()
        for name in sorted(weights)
    )
    sha = hashlib.sha256(content).hexdigest()
    assert digest(found) == dict(backbone=f'sha256 {sha[:12]}')
    # The same weights in a file of another name, and others.
    torch.save(weights, checkpoint.with_name('copy.pth'))
    copy = {VARIABLE: str(checkpoint.with_name('copy.pth'))}
    assert digest(copy) == digest(found)
    weights['conv1.weight'][0, 0, 0, 0] += 1
    torch.save(weights, copy[VARIABLE])
    assert digest(copy) != digest(found)


def test_a_missing_file_names_the_variable(setting_with, tmp_path):
    text = r'a ResNet-50 with base_channels=32.*nothing.pth: set BACKBONE_CHEC'
    with pytest.raises(FileNotFoundError, match=text):
        find_backbone(setting_with(tmp_path / 'nothing.pth'))


def test_another_network_is_refused(setting_with, tmp_path):
    """mmengine alone would warn and start from scratch."""
    path = tmp_path / 'resnet18.pth'
    torch.save(ResNet(18, base_channels=32).state_dict(), path)
    with pytest.raises(ValueError, match='resnet18.pth: not the weights of a'):
        find_backbone(setting_with(path))
    torch.save([1, 2], path.with_name('list.pth'))
    path.with_name('text.pth').write_text('no checkpoint')
    path.with_name('empty.pth').touch()
    for name, said in (
        ('list', 'holds a list.*Point to a checkpoint'),
        ('text', 'cannot be read: .*Take another copy'),
        ('empty', 'cannot be read: .*Take another copy'),
    ):
        with pytest.raises(ValueError, match=f'{name}.pth {said}'):
            find_backbone(setting_with(path.with_name(f'{name}.pth')))


def test_the_model_starts_from_it(setting_with, checkpoint):
    """The backbone of one stage; conv4 and conv5 of two stages."""
    setting = setting_with(checkpoint)
    weights = torch.load(checkpoint, weights_only=True)['state_dict']

    def build(config):
        init_default_scope('mmpose')
        model = MODELS.build(scale_config(load(config), setting).model)
        model.init_weights()
        return model

    plain = build('i1_res50_4xb32-70+70e_mpii-256x256').backbone
    for name, value in plain.state_dict().items():
        assert torch.equal(value, weights[name]), name
    staged = build('i1_ms2-res50_4xb32-70+70e_mpii-256x256')
    name = 'layer4.0.conv1.weight'
    for stage in staged.head.stages:
        assert torch.equal(stage.state_dict()[name], weights[name])
