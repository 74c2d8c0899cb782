"""A training in bfloat16 follows the same in float32."""

import importlib
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
DEMO = 'istar_res18w32-2deconv_1xb32-9e_h36m-mpii-64x64.py'


@pytest.fixture(scope='module')
def module():
    return importlib.import_module('mixed_precision')


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """The model of make demo, an eighth as wide."""
    path = tmp_path_factory.mktemp('config') / 'tiny.py'
    base = ROOT / 'configs/body_3d_keypoint/integral/h36m' / DEMO
    path.write_text(f"""
_base_ = {str(base)!r}
size = (32, 32)
codec = dict(input_size=size)
model = dict(
    backbone=dict(base_channels=8, stem_channels=8),
    head=dict(
        in_channels=64,
        depth=16,
        deconv_out_channels=(16, 16, 16),
        decoder=dict(input_size=size),
    ),
)
""")
    return str(path)


def test_the_first_steps_in_bfloat16(module, config):
    expected, got = (
        module.losses(config, 'cpu', dtype, batch=4, steps=10)
        for dtype in (None, 'bfloat16')
    )
    assert got == pytest.approx(expected, rel=0.02)
    assert got != expected  # it was another precision


@pytest.mark.slow
def test_200_steps_in_bfloat16(module, config, monkeypatch):
    expected, got = (
        module.losses(config, 'cpu', dtype) for dtype in (None, 'bfloat16')
    )
    assert len(expected) == 200
    assert sum(expected[100:]) < 0.5 * sum(expected[:100])
    assert module.deviation(expected, got) <= module.TOLERANCE
    # A training that learns more slowly does not follow.
    adam = torch.optim.Adam
    monkeypatch.setattr(torch.optim, 'Adam', lambda p, lr: adam(p, lr / 3))
    slow = module.losses(config, 'cpu', 'bfloat16')
    assert module.deviation(expected, slow) > 3 * module.TOLERANCE
