"""The scale photographs: another backbone, its weights, its schedule."""

import math

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.models.backbones import MobileNetV2
from mmpose.registry import MODELS

from reproduction import scales
from reproduction.backbone import VARIABLE, find_backbone
from reproduction.plan import job_of, load, scaled, starts_from
from reproduction.rows import select
from reproduction.scales import NotAtScaleError, load_setting, scale_config

I1 = 'i1_res50_4xb32-70+70e_mpii-256x256'
ROWS = [*select('1'), *select('2', '*.c,*.d')]


@pytest.fixture
def setting_with(monkeypatch):
    """The scale with a checkpoint; read anew, then forgotten."""

    def read(path):
        monkeypatch.setenv(VARIABLE, str(path))
        scales._load.cache_clear()
        return load_setting('photographs', 'mpii')

    yield read
    scales._load.cache_clear()


def config(row):
    return scaled(row.config, row.setting, 'photographs')


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.name)
def test_rows(row):
    """Every row has the backbone, and its own head, loss and reading."""
    paper, here = load(row.config), config(row)
    assert here.model.backbone.type == 'MobileNetV2'
    assert here.model.head.in_channels == 1280
    for key in ('type', 'heatmap_loss', 'joint_loss', 'readout'):
        assert here.model.head.get(key) == paper.model.head.get(key)
    deconvs = paper.model.head.get('deconv_out_channels')
    if deconvs:
        channels = here.model.head.deconv_out_channels
        assert channels == (128,) * len(deconvs)
    half = [side // 2 for side in paper.codec.input_size]
    assert list(here.codec.input_size) == half
    loader = here.train_dataloader
    assert (loader.batch_size, loader.num_workers) == (32, 0)
    assert here.model.type == 'ChannelsLastPoseEstimator'


def rates(cfg):
    """The learning rate of each epoch, warm-up aside."""
    (steps,) = (s for s in cfg.param_scheduler if s.type == 'MultiStepLR')
    epochs = cfg.train_cfg.max_epochs
    assert steps.end == epochs
    return [
        cfg.optim_wrapper.optimizer.lr
        * steps.gamma ** sum(m <= epoch for m in steps.milestones)
        for epoch in range(epochs)
    ]


def test_schedule():
    """24 + 8 epochs, or 32; the second stage at 1e-4, its end at 1e-5."""
    istar, i1 = (select('1', name)[0] for name in ('I*', 'I1'))
    first = scaled(starts_from(i1.config), i1.setting, 'photographs')
    assert [len(rates(c)) for c in (first, config(i1), config(istar))] == [
        24,
        8,
        32,
    ]
    assert rates(first)[0] == rates(config(istar))[0] == 1e-3
    second = rates(config(i1))
    for rate, expected in zip(second, [1e-4] * 6 + [1e-5] * 2):
        assert math.isclose(rate, expected)
    # The row that I1 is measured against has had the same rates.
    h1 = select('1', 'H1')[0]
    assert rates(config(h1)) == second
    assert config(h1).auto_scale_lr.base_batch_size == 32
    # The cached schedule of another scale is not touched.
    small = scaled(i1.config, i1.setting, 'small')
    assert small.optim_wrapper.optimizer.lr == 1e-3
    assert small.train_cfg.max_epochs == 15


def test_only_maps_of_h1_are_sharpened():
    sharpened = {
        row.name: hook.factor
        for row in ROWS
        for hook in config(row).custom_hooks
        if hook.type == 'SharpenHook'
    }
    assert sharpened == {'I1': 20, 'I1.c': 20, 'I1.d': 20}
    small = scaled(I1, 'mpii', 'small')
    assert 'SharpenHook' not in [hook.type for hook in small.custom_hooks]


def test_cures_start_as_i1_does():
    """Also beside another loss; a config's own factor is the only one."""
    factors = {
        row.name: [
            hook.factor
            for hook in config(row).custom_hooks
            if hook.type == 'SharpenHook'
        ]
        for row in select('P')
    }
    after_h1 = ('I1', 'I1-ce', 'I1-js', 'I1-mjs', 'I1-expected')
    expected = {name: [20] for name in (*after_h1, 'I1-debiased')}
    none = {name: [] for name in ('H1', 'I*', 'I*-prior', 'I1-local')}
    assert factors == dict(expected, **{'I1-sharp': [30]}, **none)
    parents = {job_of(row, 'photographs', 0).parent for row in select('P')}
    assert len(parents - {None}) == 1


def test_rows_that_it_does_not_have():
    for table, name, reason in (
        ('3', 'H1.ResNet-18', 'no backbones for 18'),
        ('4', 'MS-I1.2', 'no stages'),
        ('5', 'heatmap.HG-H1', 'no hourglasses'),
        ('6', 'H1', 'no settings for coco'),
    ):
        with pytest.raises(NotAtScaleError, match=reason):
            config(select(table, name)[0])


def test_names():
    """Backbone, deconvolutions and size tell experiments apart."""
    names = [job_of(row, 'photographs', 0).name for row in ROWS]
    assert names[0] == 'r1_mobilenetv2_32e_mpii-128x128'
    assert names[-1] == 'i1_mobilenetv2-2deconv_24+8e_mpii-64x64'
    assert len(set(names)) == len(names)


def test_the_backbone_is_checked(setting_with, tmp_path):
    with pytest.raises(FileNotFoundError, match='of a MobileNetV2, .*MMPose'):
        find_backbone(setting_with(tmp_path / 'nothing.pth'))
    path = tmp_path / 'mobilenet.pth'
    torch.save(MobileNetV2(widen_factor=0.5).state_dict(), path)
    with pytest.raises(ValueError, match='not the weights of a MobileNetV2'):
        find_backbone(setting_with(path))
    torch.manual_seed(3)
    weights = MobileNetV2().state_dict()
    torch.save(dict(state_dict=weights), path)
    setting = setting_with(path)
    assert find_backbone(setting) == {VARIABLE: str(path)}
    init_default_scope('mmpose')
    model = MODELS.build(scale_config(load(I1), setting).model)
    model.init_weights()
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, weights[name]), name
    images = torch.zeros(2, 3, 128, 128)
    model.eval()
    assert model.head(model.extract_feat(images)).shape[-2:] == (16, 16)
