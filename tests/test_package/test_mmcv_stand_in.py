"""The stand-in for ``mmcv._ext`` and mmcv's compiled operators agree.

Oracles: a loop, torch's convolution, and, where mmcv is compiled, its own
operators, alone and in whole detectors.
"""

import importlib
import subprocess
import sys
from pathlib import Path

import mmcv.ops
import mmdet
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope

from integral_mmpose import mmcv_stand_in
from integral_mmpose.mmcv_stand_in import _ext as stand_in

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = Path(mmdet.__file__).parent / '.mim/configs'
COMPILED = not str(importlib.import_module('mmcv._ext').__file__).endswith(
    '.py'
)
needs_compiled = pytest.mark.skipif(
    not COMPILED, reason='mmcv is not compiled: nothing to compare with'
)
MODULES = ('nms', 'roi_align', 'deform_conv', 'modulated_deform_conv')


class Recorder:
    """The stand-in, and the names of what was asked of it."""

    def __init__(self):
        self.called = set()

    def __getattr__(self, name):
        self.called.add(name)
        return getattr(stand_in, name)


@pytest.fixture
def swap(monkeypatch):
    """Call it: from then on mmcv's operators are the stand-in's."""

    def swap():
        recorder = Recorder()
        for name in MODULES:
            module = importlib.import_module(f'mmcv.ops.{name}')
            monkeypatch.setattr(module, 'ext_module', recorder)
        return recorder

    return swap


def _boxes(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, generator=generator) * 20
    sizes = torch.rand(count, 2, generator=generator) * 9 + 1
    scores = torch.rand(count, generator=generator)
    return torch.cat([corners, corners + sizes], 1), scores


def _loop_nms(boxes, scores, threshold, offset):
    """The definition: best first, each removes what it overlaps."""
    left = scores.argsort(descending=True).tolist()
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if _iou(boxes, best, i, offset) <= threshold]
    return kept


def _iou(boxes, i, j, offset):
    (l1, t1, r1, b1), (l2, t2, r2, b2) = boxes[i].tolist(), boxes[j].tolist()
    width = max(0, min(r1, r2) - max(l1, l2) + offset)
    height = max(0, min(b1, b2) - max(t1, t2) + offset)
    areas = sum(
        (r - left + offset) * (b - t + offset)
        for left, t, r, b in ((l1, t1, r1, b1), (l2, t2, r2, b2))
    )
    return width * height / (areas - width * height)


@pytest.mark.parametrize('offset', [0, 1])
def test_nms_is_the_loop(offset, swap):
    boxes, scores = _boxes(60)
    before = boxes.clone()
    expected = _loop_nms(boxes, scores, 0.3, offset)
    assert expected != _loop_nms(boxes, scores, 0.3, 1 - offset)
    swap()
    _, kept = mmcv.ops.nms(boxes, scores, 0.3, offset=offset)
    assert kept.tolist() == expected
    assert torch.equal(boxes, before)


def _deform_conv(version, **options):
    torch.manual_seed(0)
    sizes = dict(stride=(2, 1), padding=(1, 2), dilation=(1, 2), **options)
    if version == 1:
        layer = mmcv.ops.DeformConv2d(4, 6, (3, 2), **sizes)
    else:
        layer = mmcv.ops.ModulatedDeformConv2d(
            4, 6, (3, 2), bias=True, **sizes
        )
        torch.nn.init.normal_(layer.bias)
    features = torch.randn(3, 4, 11, 7)
    shape = torch.nn.functional.conv2d(
        features, torch.zeros(6, 4, 3, 2), None, (2, 1), (1, 2), (1, 2)
    ).shape
    cells = options.get('deform_groups', 1) * 3 * 2
    offset = torch.randn(3, 2 * cells, *shape[2:])
    mask = (torch.rand(3, cells, *shape[2:]),) * (version == 2)
    return layer, features, offset, mask


@pytest.mark.parametrize('version', [1, 2])
def test_no_offset_is_torch_s_convolution(version, swap):
    layer, features, offset, mask = _deform_conv(version)
    swap()
    result = layer(
        features, torch.zeros_like(offset), *map(torch.ones_like, mask)
    )
    bias = layer.bias if version == 2 else None
    expected = torch.nn.functional.conv2d(
        features, layer.weight, bias, (2, 1), (1, 2), (1, 2)
    )
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-5)


@needs_compiled
@pytest.mark.parametrize('version', [1, 2])
@pytest.mark.parametrize('groups', [(1, 1), (2, 2), (1, 4)])
def test_deform_conv_is_the_compiled_one(version, groups, swap):
    layer, features, offset, mask = _deform_conv(
        version, groups=groups[0], deform_groups=groups[1]
    )
    expected = layer(features, offset, *mask)
    swap()
    result = layer(features, offset, *mask)
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-4)


@needs_compiled
@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('sampling_ratio', [0, 2])
def test_roi_align_is_the_compiled_one(aligned, sampling_ratio, swap):
    layer = mmcv.ops.RoIAlign((5, 3), 0.5, sampling_ratio, 'avg', aligned)
    boxes, _ = _boxes(9)
    rois = torch.cat([torch.arange(9.0).remainder(2)[:, None], boxes], 1)
    features = torch.rand(2, 4, 13, 17)
    expected = layer(features, rois)
    swap()
    torch.testing.assert_close(
        layer(features, rois), expected, rtol=0, atol=1e-4
    )


def test_roi_align_of_a_plane(swap):
    """The bins of a linear picture are its values at their centres."""
    swap()
    x = torch.arange(16.0).expand(1, 1, 12, 16)
    layer = mmcv.ops.RoIAlign((2, 4), 1.0, 2, 'avg', True)
    result = layer(x, torch.tensor([[0.0, 2.0, 3.0, 10.0, 7.0]]))
    expected = torch.tensor([2.5, 4.5, 6.5, 8.5]).expand(1, 1, 2, 4)
    torch.testing.assert_close(result, expected)


def test_other_operators_name_themselves(swap):
    with pytest.raises(
        NotImplementedError, match='softnms is called: .*MMCV_OPS=compile'
    ):
        stand_in.softnms(1, iou_threshold=2)
    swap()
    layer = mmcv.ops.RoIAlign(2, pool_mode='max')
    with pytest.raises(NotImplementedError, match='pool_mode max'):
        layer(torch.zeros(1, 1, 4, 4), torch.zeros(1, 5))
    assert not hasattr(stand_in, '__wrapped__')


@pytest.fixture
def build_detector():
    """Makes an untrained detector whose offsets and masks are not zero."""

    def build(name):
        config = Config.fromfile(CONFIGS / f'{name}.py').model
        config.test_cfg.get('rcnn', config.test_cfg).score_thr = 0.0
        config.backbone.init_cfg = None
        torch.manual_seed(0)
        model = MODELS.build(config).eval()
        for part in model.modules():
            if hasattr(part, 'conv_offset'):
                torch.nn.init.normal_(part.conv_offset.weight, std=0.05)
        return model

    init_default_scope('mmdet')
    yield build
    init_default_scope('mmpose')


def _find(model, image):
    size = image.shape[-2:]
    sample = DetDataSample(
        metainfo=dict(
            img_shape=size,
            ori_shape=size,
            batch_input_shape=size,
            scale_factor=(1.0, 1.0),
        )
    )
    with torch.no_grad():
        (sample,) = model.predict(image, [sample])
    found = sample.pred_instances
    return torch.cat([found.bboxes, found.scores[:, None]], 1)


@needs_compiled
@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize(
    'name, operators',
    [
        ('rtmdet/rtmdet_tiny_8xb32-300e_coco', {'nms'}),
        ('yolox/yolox_tiny_8xb8-300e_coco', {'nms'}),
        (
            'dcn/faster-rcnn_r50-dconv-c3-c5_fpn_1x_coco',
            {'nms', 'roi_align_forward', 'deform_conv_forward'},
        ),
        (
            'dcnv2/faster-rcnn_r50-mdconv-c3-c5_fpn_1x_coco',
            {'nms', 'roi_align_forward', 'modulated_deform_conv_forward'},
        ),
    ],
)
def test_detectors_find_the_same_boxes(name, operators, swap, build_detector):
    model = build_detector(name)
    image = torch.rand(1, 3, 96, 128)
    expected = _find(model, image)
    assert len(expected) > 20
    recorder = swap()
    found = _find(model, image)
    assert recorder.called == operators
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def _python(code, **options):
    return subprocess.run(
        [sys.executable, '-c', code],
        cwd=ROOT,
        text=True,
        capture_output=True,
        **options,
    )


def test_a_real_module_comes_first(tmp_path):
    """mmcv with a compiled module keeps it, and one without gets ours."""
    code = (
        f'import sys; sys.path.insert(0, {str(tmp_path)!r}); '
        'sys.modules["integral_mmpose"] = p = type(sys)("integral_mmpose"); '
        'p.__path__ = ["integral_mmpose"]; '
        'from integral_mmpose import mmcv_stand_in as s; s.install(); '
        's.install(); import mmcv, mmcv._ext; '
        'print(len(mmcv.__path__), mmcv._ext.__file__)'
    )
    (tmp_path / 'mmcv').mkdir()
    (tmp_path / 'mmcv/__init__.py').touch()
    ours = Path(mmcv_stand_in.FOLDER, '_ext.py')
    done = _python(code)
    assert done.stdout.split() == ['2', str(ours)], done.stderr
    real = tmp_path / 'mmcv/_ext.py'
    real.touch()
    assert _python(code).stdout.split() == ['2', str(real)]
