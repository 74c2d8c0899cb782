"""An exported network comes back as weights that can be trained."""

import copy
import sys

import onnx_to_checkpoint as tool
import pytest
import torch
from mmpose.apis import init_model
from torch.nn.modules.batchnorm import _BatchNorm

from integral_mmpose.export import (
    PoseGraph,
    describe_model,
    export_program,
    write_onnx,
)
from tests.test_reliability.training import make_data, small_config

from .conftest import build_model, config_of, export


def draw_norms(model):
    """Batch norms as after a training: no factor is 1, no shift 0."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_()
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 1.5)


def joints(model, crops):
    with torch.no_grad():
        return PoseGraph(model)(torch.from_numpy(crops))[0]


def maps(model, inputs):
    with torch.no_grad():
        output = model.head(model.extract_feat(inputs))
    return (
        torch.cat([part.flatten(1) for part in output], 1)
        if (isinstance(output, list | tuple))
        else output
    )


def inputs_of(model, crops):
    data = dict(inputs=list(torch.from_numpy(crops)), data_samples=[])
    return model.data_preprocessor(data)['inputs']


def change_in_training(model, inputs):
    """What the batch's own mean and variance, by torch, change of the maps."""
    plain, model = maps(model, inputs), copy.deepcopy(model)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.train()
    return float((maps(model, inputs) - plain).abs().max() / plain.std())


@pytest.mark.parametrize(
    'kind', ['integral_3d', 'multi_stage_3d', 'direct_3d']
)
def test_the_network_comes_back(kind, crops, tmp_path):
    original = build_model(kind)
    draw_norms(original)
    path = export(original, tmp_path / 'a.onnx')
    back = init_model(config_of(kind), None, device='cpu')
    same = dict(atol=0.01, rtol=1e-4)  # px and mm
    expected = joints(original, crops)
    assert not torch.allclose(joints(back, crops), expected, **same)
    inputs = inputs_of(back, crops)
    norms = tool.load_folded(back, path, inputs)
    assert set(norms) == {
        module for module in back.modules() if isinstance(module, _BatchNorm)
    }
    torch.testing.assert_close(joints(back, crops), expected, **same)
    if norms:
        assert change_in_training(back, inputs) > 0.1
    tool.measure_norms(back, norms, [inputs[:5], inputs[5:]])
    torch.testing.assert_close(joints(back, crops), expected, **same)
    assert change_in_training(back, inputs) < 1e-3


def test_a_convolution_with_a_bias_before_its_norm(crops, tmp_path):
    """The file has one bias of both, which is not added twice."""

    def with_bias(model):
        norms = [m for m in model.head.modules() if isinstance(m, _BatchNorm)]
        layers = model.head.deconv_layers
        old = layers[0]
        new = torch.nn.ConvTranspose2d(
            old.in_channels,
            old.out_channels,
            old.kernel_size,
            old.stride,
            old.padding,
        )
        torch.nn.init.uniform_(new.bias, 1, 2)
        layers[0] = new
        assert norms
        return model.eval()

    original = with_bias(build_model('integral_2d'))
    draw_norms(original)
    path = export(original, tmp_path / 'a.onnx')
    back = with_bias(init_model(config_of('integral_2d'), None, device='cpu'))
    inputs = inputs_of(back, crops)
    norms = tool.load_folded(back, path, inputs)
    same = dict(atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        maps(back, inputs), maps(original, inputs), **same
    )
    tool.measure_norms(back, norms, [inputs])
    torch.testing.assert_close(
        maps(back, inputs), maps(original, inputs), **same
    )


def test_a_file_of_another_network_is_refused(write, crops):
    back = init_model(config_of('integral_2d'), None, device='cpu')
    inputs = inputs_of(back, crops)
    with pytest.raises(ValueError, match='final_layer.weight has the shape'):
        tool.load_folded(back, write('integral_3d'), inputs)
    # The same shapes, and another reading of the maps.
    back = init_model(config_of('debiased_2d'), None, device='cpu')
    tool.load_folded(back, write('integral_2d'), inputs)
    file = tool.OnnxPoseModel(write('integral_2d'))
    with pytest.raises(ValueError, match='Give the config of the file'):
        tool.check_same(back, file)


def test_other_joints_or_depths_are_refused(write):
    """The places of the joints are the same: only the names tell."""
    file = tool.OnnxPoseModel(write('integral_3d'))

    def changed(change):
        model = build_model('integral_3d')
        tool.load_folded(model, file.path, torch.zeros(1, 3, 64, 64))
        change(model)
        return model

    tool.check_same(changed(lambda model: None), file)

    def exchange_names(model):
        names = dict(model.dataset_meta['keypoint_id2name'])
        names[1], names[4] = names[4], names[1]
        model.dataset_meta = dict(model.dataset_meta, keypoint_id2name=names)

    def change_unit(model):
        units = {'crop': 'metric', 'metric': 'crop'}
        decoder = model.head.decoder
        decoder.depth_unit = units[decoder.depth_unit]

    for change, name in (
        (exchange_names, 'keypoint_names'),
        (change_unit, 'depth_unit'),
    ):
        with pytest.raises(ValueError, match=f'has {name}='):
            tool.check_same(changed(change), file)


def test_a_file_that_another_program_has_changed(write, tmp_path, crops):
    """A weight of another name, as after a quantization, is not found."""
    import onnx

    content = onnx.load(write('integral_2d'))
    [*_, conv] = [n for n in content.graph.node if n.op_type == 'Conv']
    named = [i for i in content.graph.initializer if i.name == conv.input[1]]
    named[0].name = conv.input[1] = 'renamed'
    path = str(tmp_path / 'a.onnx')
    onnx.save(content, path)
    back = init_model(config_of('integral_2d'), None, device='cpu')
    tool.load_folded(back, path, inputs_of(back, crops))
    with pytest.raises(ValueError, match='as export_onnx.py has written it'):
        tool.check_same(back, tool.OnnxPoseModel(path))


@pytest.mark.parametrize('half', [False, True])
def test_a_network_with_a_layer_of_no_effect(write, tmp_path, half):
    """MobileNetV2 also runs the convolution whose features are not taken:
    the file has no weights of it. So is the bundled model, in float16.
    """
    cfg = config_of('integral_2d')
    cfg.model.backbone = dict(
        type='MobileNetV2', widen_factor=0.25, out_indices=(6,), init_cfg=None
    )
    cfg.model.head.in_channels = 80
    original = init_model(cfg, None, device='cpu')
    draw_norms(original)
    path = str(tmp_path / 'a.onnx')
    described = describe_model(original, 'a.py', half)
    write_onnx(export_program(PoseGraph(original)), path, described)
    back = init_model(cfg, None, device='cpu')
    norms = tool.load_folded(back, path, torch.zeros(1, 3, 64, 64))
    assert norms and not any(
        norm in back.backbone.conv2.modules() for norm in norms
    )
    tool.check_same(back, tool.OnnxPoseModel(path))


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    """A folder with a small mixed training and its exported model."""
    folder = tmp_path_factory.mktemp('small')
    cfg = small_config(make_data(folder / 'data'), folder / 'work')
    model = init_model(cfg, None, device='cpu')
    draw_norms(model)
    export(model, folder / 'a.onnx')
    cfg.dump(folder / 'a.py')
    return folder, model


@pytest.fixture
def run(small, tmp_path, monkeypatch):
    """The command line, by the file and further options."""
    monkeypatch.chdir(small[0])

    def start(file, *options):
        argv = ['', 'a.py', file, '--out', str(tmp_path / 'new/b.pth')]
        monkeypatch.setattr(sys, 'argv', argv + list(options))
        return tool.main()

    return start


def test_the_command_writes_a_checkpoint(run, small, tmp_path, capsys, crops):
    assert run('a.onnx', '--batches', '3') == 0
    assert 'batch norms measured' in capsys.readouterr().out
    model = small[1]
    back = init_model('a.py', str(tmp_path / 'new/b.pth'), device='cpu')
    crops = crops[:, :, :, :64]
    torch.testing.assert_close(
        joints(back, crops), joints(model, crops), atol=0.01, rtol=1e-4
    )
    assert (
        back.dataset_meta['dataset_name'] == model.dataset_meta['dataset_name']
    )


@pytest.mark.parametrize(
    'options, file, message',
    [
        (['--batches', '900'], 'a.onnx', 'give at most --batches'),
        ([], 'a.py', 'a.py'),
        ([], 'none.onnx', 'none.onnx'),
    ],
)
def test_an_error_is_one_sentence_and_writes_nothing(
    run, tmp_path, capsys, options, file, message
):
    assert run(file, *options) == 1
    error = capsys.readouterr().err
    assert error.startswith('error: ') and message in error
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('out', ['', 'a.py/b.pth', '.'])
def test_a_place_that_is_no_file(run, capsys, out):
    with pytest.raises(SystemExit):
        run('a.onnx', '--out', out)
    assert 'must be a file in a folder' in capsys.readouterr().err


def test_a_full_disk_leaves_the_old_checkpoint(
    run, tmp_path, monkeypatch, capsys
):
    def full(path, content):
        raise OSError(28, 'No space left on device', str(path))

    old = tmp_path / 'new/b.pth'
    old.parent.mkdir()
    old.write_bytes(b'old')
    monkeypatch.setattr('integral_mmpose.files.os.replace', full)
    assert run('a.onnx', '--batches', '1') == 1
    assert 'No space left' in capsys.readouterr().err
    assert [path.read_bytes() for path in old.parent.iterdir()] == [b'old']


def test_a_file_that_is_read_is_not_replaced(monkeypatch, capsys):
    for out in ('a.onnx', './a.py'):
        monkeypatch.setattr(sys, 'argv', ['', 'a.py', 'a.onnx', '--out', out])
        with pytest.raises(SystemExit):
            tool.main()
        assert 'is a file that is read' in capsys.readouterr().err
