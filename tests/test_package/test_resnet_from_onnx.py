"""ONNX ResNet to MMPose backbone: the same outputs, norms that normalise."""

import importlib.util
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from mmengine.config import Config
from mmpose.models.backbones import ResNet
from torch import nn

TOOL = 'tools/model_converters/resnet_from_onnx.py'
RGB_MEAN = (123.675, 116.28, 103.53)
RGB_STD = (58.395, 57.12, 57.375)


@pytest.fixture(scope='module')
def tool():
    file = Path(__file__).resolve().parents[2] / TOOL
    spec = importlib.util.spec_from_file_location('resnet_from_onnx', file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def random_resnet(**arguments) -> ResNet:
    """A narrow ResNet whose norms have statistics of their own."""
    torch.manual_seed(0)
    model = ResNet(base_channels=4, stem_channels=8, **arguments)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -1, 1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.uniform_(module.bias, -1, 1)
    model.eval()
    return model


def export(model: nn.Module, file: Path, folded: bool = True) -> None:
    mode = torch.onnx.TrainingMode
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)
        torch.onnx.export(
            model,
            torch.zeros(1, 3, 32, 32),
            str(file),
            dynamo=False,
            training=mode.EVAL if folded else mode.PRESERVE,
            do_constant_folding=folded,
        )


@pytest.fixture
def images(tmp_path):
    """A folder of 6 noisy images."""
    folder = tmp_path / 'images'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(6):
        coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (80, 60), interpolation=cv2.INTER_NEAREST)
        cv2.imwrite(str(folder / f'{k}.png'), image)
    return folder


@pytest.fixture
def run(tool, images, tmp_path, monkeypatch):
    """The command line, as a function of its options."""

    def start(*options, model='model.onnx', folder=images):
        argv = ['tool', tmp_path / model, tmp_path / 'backbone.pth']
        argv += ['--images', folder, '--size', 64, *options]
        monkeypatch.setattr(sys, 'argv', list(map(str, argv)))
        tool.main()

    return start


@pytest.mark.parametrize(
    'arguments',
    [
        dict(depth=18),
        dict(depth=34),
        dict(depth=50),
        dict(depth=50, style='caffe'),
    ],
    ids=['18', '34', '50', '50-caffe'],
)
def test_same_features_from_bgr_pixels(
    run, tool, images, tmp_path, capsys, arguments
):
    """The exported network reads BGR pixels less a mean, as Caffe's do."""
    theirs = random_resnet(**arguments)
    export(theirs, tmp_path / 'model.onnx')
    run('--order', 'bgr', '--mean', *RGB_MEAN[::-1])
    printed = capsys.readouterr().out.strip()
    backbone = Config.fromstring(printed, '.py').backbone
    assert backbone.pop('type') == 'ResNet'
    checkpoint = backbone.pop('init_cfg').checkpoint
    ours = ResNet(**backbone)
    content = torch.load(checkpoint, weights_only=True)
    ours.load_state_dict(content['state_dict'])
    ours.eval()
    files = sorted(images.iterdir())
    bgr = np.stack([cv2.resize(cv2.imread(str(f)), (64, 64)) for f in files])
    with torch.no_grad():
        their_input = torch.tensor(bgr - np.array(RGB_MEAN[::-1]))
        expected = theirs(their_input.permute(0, 3, 1, 2).float())[-1]
        rgb = (bgr[..., ::-1] - np.array(RGB_MEAN)) / np.array(RGB_STD)
        our_input = torch.tensor(rgb).permute(0, 3, 1, 2).float()
        actual = ours(our_input)[-1]
        assert expected.std() > 0.1
        torch.testing.assert_close(actual, expected, rtol=1e-3, atol=1e-3)
        # The norms hold what these images have: in training mode, where a
        # batch is normalised by itself, the batch gives the same.
        ours.train()
        torch.testing.assert_close(
            ours(our_input)[-1], expected, rtol=1e-2, atol=1e-2
        )


def test_a_pooling_that_pads_otherwise_is_said(run, tmp_path, capsys):
    """Caffe's windows start at the first pixel, PyTorch's one before it."""
    model = random_resnet(depth=18)
    export(model, tmp_path / 'model.onnx')
    run()
    assert not capsys.readouterr().err
    model.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    export(model, tmp_path / 'model.onnx')
    run()
    note = capsys.readouterr().err
    assert note.startswith('note: ') and 'pads [0, 0, 0, 0]' in note


@pytest.mark.parametrize('order', ['rgb', 'bgr'])
def test_stem_takes_our_pixels(tool, order):
    """Away from the border, another mean and standard deviation, too."""
    rng = np.random.default_rng(0)
    mean, std = rng.uniform(90, 130, 3), rng.uniform(1, 60, 3)
    stem = tool.Convolution(
        'conv1', rng.normal(size=(5, 3, 7, 7)), rng.normal(size=5), 2
    )
    ours = tool.for_our_images(stem, mean, std, order)
    rgb = rng.uniform(0, 255, (2, 20, 20, 3))
    pixels = rgb if order == 'rgb' else rgb[..., ::-1]

    def conv(convolution, image):
        return nn.functional.conv2d(
            torch.tensor(image.copy()).permute(0, 3, 1, 2),
            torch.tensor(convolution.weight.copy()),
            torch.tensor(convolution.bias),
            convolution.stride,
        )

    torch.testing.assert_close(
        conv(ours, (rgb - np.array(RGB_MEAN)) / np.array(RGB_STD)),
        conv(stem, (pixels - mean) / std),
    )


def test_weights_that_are_shared_in_the_file(run, tmp_path):
    """torch writes equal tensors (here biases of 0) once, with aliases."""
    model = ResNet(depth=18, base_channels=4, stem_channels=8)
    model.eval()
    export(model, tmp_path / 'model.onnx')
    graph = onnx.load(str(tmp_path / 'model.onnx')).graph
    assert any(node.op_type == 'Identity' for node in graph.node)
    run()
    assert (tmp_path / 'backbone.pth').exists()


def plain(*layers) -> nn.Module:
    return nn.Sequential(*layers).eval()


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, *layers, shortcut=None):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = shortcut or nn.Identity()

    def forward(self, x):
        return self.shortcut(x) + self.layers(x)


def block(shortcut=None):
    layers = nn.Conv2d(3, 3, 1), nn.ReLU(), nn.Conv2d(3, 3, 1)
    return Residual(*layers, shortcut=shortcut)


@pytest.mark.parametrize(
    'model, message',
    [
        (plain(nn.ReLU()), 'not a ResNet of depth'),
        (plain(nn.Conv2d(3, 4, 3)), '0 residual blocks of no conv'),
        (
            plain(nn.Conv2d(3, 3, 1), nn.MaxPool2d(1), block()),
            '1 residual blocks of [2]',
        ),
        (
            plain(
                nn.Conv2d(3, 3, 1),
                nn.MaxPool2d(1),
                block(plain(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1))),
            ),
            'adds a shortcut of 2 convolutions, a ResNet has at most 1',
        ),
        (
            plain(
                nn.Conv2d(3, 3, 1),
                nn.MaxPool2d(1),
                *[block() for _ in range(8)],
            ),
            'is ((3, 3, 1, 1), 1, (0, 0, 0, 0), 1) where the ResNet has '
            '((3, 3, 7, 7), 2, (3, 3, 3, 3), 1)',
        ),
    ],
    ids=['no convolution', 'no block', 'blocks', 'shortcut', 'shapes'],
)
def test_another_network(run, tmp_path, model, message):
    export(model, tmp_path / 'model.onnx')
    with pytest.raises(SystemExit) as error:
        run()
    assert message in str(error.value)
    assert 'model.onnx' in str(error.value)
    assert not (tmp_path / 'backbone.pth').exists()


def test_a_dilated_network(run, tmp_path):
    """The same shapes, other features."""
    model = random_resnet(
        depth=18, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)
    )
    export(model, tmp_path / 'model.onnx')
    with pytest.raises(
        SystemExit, match=r'model.onnx.*stride.*where the ResN'
    ):
        run()


def test_a_shortcut_that_averages_first(run, tmp_path):
    """ResNet-D: its 1x1 convolution has stride 1, after a pooling."""
    export(random_resnet(depth=50, avg_down=True), tmp_path / 'model.onnx')
    with pytest.raises(SystemExit, match='where the ResNet has'):
        run()


def test_padding_by_name_is_the_same(tool, tmp_path):
    """tf2onnx writes SAME_UPPER where torch writes pads."""
    export(random_resnet(depth=18), tmp_path / 'model.onnx')
    model = onnx.load(str(tmp_path / 'model.onnx'))
    stem, blocks = tool.read_blocks(tmp_path / 'model.onnx')
    for node in model.graph.node:
        for pads in [a for a in node.attribute if a.name == 'pads']:
            if node.op_type == 'Conv' and sum(pads.ints) == 4:
                strides = next(
                    a for a in node.attribute if a.name == 'strides'
                )
                if max(strides.ints) == 1:
                    node.attribute.remove(pads)
                    same = onnx.helper.make_attribute('auto_pad', 'SAME_UPPER')
                    node.attribute.append(same)
    onnx.save(model, str(tmp_path / 'same.onnx'))
    _, others = tool.read_blocks(tmp_path / 'same.onnx')
    assert [[c.pads for c in b.branch] for b in blocks] == [
        [c.pads for c in b.branch] for b in others
    ]


def test_mistaken_options(run, tmp_path):
    export(random_resnet(depth=18), tmp_path / 'model.onnx')
    with pytest.raises(
        SystemExit, match='--count and --size must be at least'
    ):
        run('--count', 0)


def test_norms_that_are_not_folded(run, tmp_path):
    export(random_resnet(depth=18), tmp_path / 'model.onnx', folded=False)
    with pytest.raises(SystemExit, match='normalisation that is not folded'):
        run()


def test_unreadable_input(run, tmp_path):
    with pytest.raises(SystemExit, match='model.onnx'):
        run()
    (tmp_path / 'text.onnx').write_text('not a graph')
    with pytest.raises(SystemExit, match='text.onnx'):
        run(model='text.onnx')
    export(random_resnet(depth=18), tmp_path / 'model.onnx')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SystemExit, match='empty: no image'):
        run(folder=tmp_path / 'empty')
    (tmp_path / 'empty/a.jpg').write_bytes(b'no jpeg')
    with pytest.raises(SystemExit, match='a.jpg: cannot be read'):
        run(folder=tmp_path / 'empty')
    with pytest.raises(SystemExit, match='missing: no image'):
        run(folder=tmp_path / 'missing')
