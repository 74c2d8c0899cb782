"""Converted models predict what the originals predict.

The originals are MMPose's own heads, and for the public code torchvision's
ResNet, its list of layers and a loop over the cells.
"""

import itertools
import os

import convert_head as tool
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import init_model
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from mmpose.utils import register_all_modules
from torch import nn
from torchvision.models import resnet18

WIDTH, HEIGHT, JOINTS, DEPTH = 96, 64, 3, 5
PREPROCESSOR = dict(type='PoseDataPreprocessor', bgr_to_rgb=False)
FLIP = [1, 0, 2]
register_all_modules()


def config(kind, flip_test=False, **head):
    codec = dict(
        type='IntegralRegressionLabel',
        input_size=(WIDTH, HEIGHT),
        heatmap_size=(WIDTH // 8, HEIGHT // 8),
        sigma=1.5,
    )
    return Config(
        dict(
            codec=codec,
            default_scope='mmpose',
            model=dict(
                type='TopdownPoseEstimator',
                data_preprocessor=PREPROCESSOR,
                backbone=dict(type='ResNet', depth=18),
                head=dict(
                    type=kind,
                    in_channels=512,
                    in_featuremap_size=(WIDTH // 32, HEIGHT // 32),
                    num_joints=JOINTS,
                    deconv_out_channels=(8, 8),
                    deconv_kernel_sizes=(4, 4),
                    decoder=codec,
                    **head,
                ),
                test_cfg=dict(flip_test=flip_test),
            ),
            train_pipeline=[dict(type='GenerateTarget', encoder=codec)],
        )
    )


def random_weights(model):
    """Maps with a peak of their own for each joint."""
    torch.manual_seed(3)
    for name, value in model.state_dict().items():
        if 'linspace' in name or not value.is_floating_point():
            continue
        if name.endswith('running_var'):
            value.uniform_(0.5, 1.5)
        elif value.dim() > 1:  # keeps the size of what passes
            value.normal_().div_(value[0].numel() ** 0.5)
        else:
            value.normal_(0.5, 0.2)
    last = [m for m in model.modules() if isinstance(m, nn.Conv2d)][-1]
    last.weight.data.mul_(20)
    return model.eval()


def images():
    return torch.rand(
        2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)
    )


def predict(model):
    """Joints (2, K, C) in px of the input, z in mm."""
    meta = dict(
        input_size=(WIDTH, HEIGHT),
        flip_indices=FLIP,
        input_center=np.array([WIDTH / 2, HEIGHT / 2]),
        input_scale=np.array([WIDTH, HEIGHT]),
    )
    samples = [PoseDataSample(metainfo=meta) for _ in range(2)]
    with torch.no_grad():
        feats = model.extract_feat(images())
        if model.test_cfg.get('flip_test'):
            feats = [feats, model.extract_feat(images().flip(-1))]
        found = model.head.predict(feats, samples, model.test_cfg)
    return np.concatenate([np.asarray(f.keypoints) for f in found])


@pytest.mark.parametrize('kind', ['IntegralRegressionHead', 'DSNTHead'])
@pytest.mark.parametrize('flip_test', [False, True])
@pytest.mark.parametrize('beta', [1.0, 2.5])
def test_mmposes_heads(kind, flip_test, beta):
    theirs = config(kind, flip_test, beta=beta)
    model = random_weights(MODELS.build(theirs.model))
    expected = predict(model)
    checkpoint = dict(state_dict=model.state_dict())
    ours, converted = tool.convert(theirs, checkpoint)
    built = MODELS.build(ours.model).eval()
    built.load_state_dict(converted['state_dict'])
    assert np.ptp(expected, axis=(0, 1)).min() > 5
    np.testing.assert_allclose(predict(built), expected, rtol=0, atol=1e-4)
    for name in ('IntegralRegressionLabel', 'linspace'):
        assert name not in str(ours._cfg_dict) + str(list(converted))
    if beta != 1:  # what a conversion without beta would give
        weights = tool.convert_mmpose(model.state_dict())
        built.load_state_dict(weights)
        assert np.abs(predict(built) - expected).max() > 1


def test_mmposes_debias_is_nearly_nothing():
    """|x - 1/2| <= 1/2 and C = sum of exp(logits), of the smallest map."""
    theirs = config('IntegralRegressionHead', debias=True)
    model = random_weights(MODELS.build(theirs.model))
    ours, converted = tool.convert(theirs, dict(state_dict=model.state_dict()))
    built = MODELS.build(ours.model).eval()
    built.load_state_dict(converted['state_dict'])
    with torch.no_grad():
        logits = built.head(built.extract_feat(images()))
    smallest = logits.flatten(2).logsumexp(-1).min().exp().item()
    difference = np.abs(predict(built) - predict(model)).max()
    assert 0 < difference <= 0.5 / (smallest - 1) * WIDTH


class Official(nn.Module):
    """The network of the public code, with its names."""

    def __init__(self):
        super().__init__()
        self.backbone = resnet18()
        del self.backbone.fc, self.backbone.avgpool
        layers, channels = [], 512
        for _ in range(2):
            layers += [
                nn.ConvTranspose2d(channels, 8, 4, 2, 1, bias=False),
                nn.BatchNorm2d(8),
                nn.ReLU(),
            ]
            channels = 8
        layers.append(nn.Conv2d(8, JOINTS * DEPTH, 1))
        self.head = nn.Module()
        self.head.features = nn.ModuleList(layers)

    def forward(self, x):
        net = self.backbone
        x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
        for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
            x = layer(x)
        for layer in self.head.features:
            x = layer(x)
        return x


def official_joints(maps):
    """Cell by cell: x, y in px, z in mm of a box of 2000 mm."""
    batch, _, rows, columns = maps.shape
    maps = maps.reshape(batch, JOINTS, -1).softmax(2)
    maps = maps.reshape(batch, JOINTS, DEPTH, rows, columns).double().numpy()
    out = np.zeros((batch, JOINTS, 3))
    for z, y, x in itertools.product(*map(range, maps.shape[2:])):
        place = np.array([x / columns, y / rows, z / DEPTH]) - 0.5
        out += maps[:, :, z, y, x, None] * place
    return (out + [0.5, 0.5, 0]) * [WIDTH, HEIGHT, 2000]


@pytest.mark.parametrize('parallel', [False, True])
def test_the_public_code(parallel, tmp_path, monkeypatch):
    model = random_weights(Official())
    with torch.no_grad():
        expected = official_joints(model(images()))
    saved = nn.DataParallel(model) if parallel else model
    path = tmp_path / 'model_epoch1.pth.tar'
    torch.save(dict(epoch=1, network=saved.state_dict()), path)
    cfg = config('IntegralHead')
    cfg.model.head = dict(
        type='IntegralHead',
        in_channels=512,
        out_channels=JOINTS,
        depth=DEPTH,
        deconv_out_channels=(8, 8),
        joint_loss=dict(type='JointL1Loss'),
        decoder=dict(
            type='IntegralLabel',
            input_size=(WIDTH, HEIGHT),
            depth_range_mm=2000.0,
        ),
    )
    cfg.dump(tmp_path / 'config.py')
    out = tmp_path / 'out/converted'
    arguments = ['convert_head.py', tmp_path / 'config.py', path, '--out', out]
    monkeypatch.setattr('sys.argv', [str(a) for a in arguments])
    tool.main()
    built = init_model(f'{out}.py', f'{out}.pth', device='cpu')
    assert np.ptp(expected, axis=(0, 1)).min() > 5
    np.testing.assert_allclose(
        predict(built)[..., :2], expected[..., :2], rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(  # 1e-4 of a depth bin of 400 mm
        predict(built)[..., 2], expected[..., 2], rtol=0, atol=0.04
    )


@pytest.mark.parametrize(
    'option',
    [
        dict(conv_out_channels=(4,), conv_kernel_sizes=(1,)),
        dict(final_layer=dict(kernel_size=3)),
        dict(deconv_kernel_sizes=(4, 2)),
    ],
)
def test_an_option_that_is_lacking_is_named(option):
    cfg = config('IntegralRegressionHead')
    cfg.model.head.update(option)
    with pytest.raises(ValueError, match=f'no {next(iter(option))}='):
        tool.convert(cfg, dict(state_dict={}))


def test_weights_of_another_network_are_refused():
    model = MODELS.build(config('DSNTHead').model)
    cfg = config('DSNTHead')
    cfg.model.backbone.depth = 34
    with pytest.raises(ValueError, match='do not fit the config'):
        tool.convert(cfg, dict(state_dict=model.state_dict()))


def test_another_head_is_refused():
    cfg = config('HeatmapHead')
    with pytest.raises(ValueError, match='the head is HeatmapHead'):
        tool.convert(cfg, dict(state_dict={}))


def test_a_file_that_is_read_is_not_replaced(monkeypatch, capsys):
    monkeypatch.setenv('HOME', os.getcwd())
    for config, checkpoint, out in (
        ('a.py', 'b.pth', 'a'),
        ('b.py', './a.pth', 'a'),
        ('b.py', 'a.pth', '~/a'),  # the shell leaves it in --out=~/a
    ):
        argv = ['', config, checkpoint, '--out', out]
        monkeypatch.setattr('sys.argv', argv)
        with pytest.raises(SystemExit):
            tool.main()
        assert 'is a file that is read' in capsys.readouterr().err
