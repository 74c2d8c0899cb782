"""Multiply-adds and parameters: the paper's, and those of others."""

import importlib
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools/analysis_tools/get_flops.py'
MPII = ROOT / 'configs/body_2d_keypoint/integral/mpii'
# The paper prints 7.3, 6.2, 1.8, 1.5 (Table 2), 2.8, 6.2, 11.0 (Table 3) and
# 6.2, 10.0, 17.6 (Table 4); two decimals by hand from its networks.
MULTIPLY_ADDS = {
    'i1_res50-3deconv_4xb32-70+70e_mpii-256x256': 7.24,
    'i1_res50_4xb32-70+70e_mpii-256x256': 6.15,
    'i1_res50-3deconv_4xb32-70+70e_mpii-128x128': 1.81,
    'i1_res50_4xb32-70+70e_mpii-128x128': 1.54,
    'i1_res18_4xb32-70+70e_mpii-256x256': 2.78,
    'i1_res101_4xb32-70+70e_mpii-256x256': 11.0,
    'i1_ms2-res50_4xb32-70+70e_mpii-256x256': 10.0,
    'i1_ms4-res50_4xb32-70+70e_mpii-256x256': 17.6,
}


@pytest.fixture(scope='module')
def tool():
    sys.path.insert(0, str(TOOL.parent))
    try:
        return importlib.import_module('get_flops')
    finally:
        sys.path.pop(0)


@pytest.fixture
def complexity(tool):
    return tool.complexity


@pytest.mark.parametrize('name', MULTIPLY_ADDS)
def test_the_papers_multiply_adds(name, complexity):
    counted = complexity(Config.fromfile(MPII / f'{name}.py'))
    giga = counted.multiply_adds / 1e9
    assert giga == pytest.approx(MULTIPLY_ADDS[name], rel=0.01)


def test_eight_hourglasses_are_newells(complexity):
    """Zhang et al. (CVPR 2019, Table 1) count 26 M and 55 GFLOPs."""
    name = 'i1_hg8_4xb32-70+70e_mpii-trainval-256x256.py'
    counted = complexity(Config.fromfile(MPII / name))
    assert round(2 * counted.multiply_adds / 1e9) == 55
    assert counted.parameters / 1e6 == pytest.approx(26, rel=0.03)


def test_command_line(tool, monkeypatch, capsys):
    path = MPII / 'i1_res50_4xb32-70+70e_mpii-128x128.py'
    monkeypatch.setattr(sys, 'argv', ['get_flops.py', str(path)])
    tool.main()
    assert f'| {path.stem} | 128 x 128 |' in capsys.readouterr().out
    monkeypatch.setattr(sys, 'argv', ['get_flops.py', 'nowhere.py'])
    with pytest.raises(SystemExit):
        tool.main()
    assert 'nowhere.py: no such config' in capsys.readouterr().err
    detector = ROOT / 'configs/person_detector/rtmdet-tiny_synthetic.py'
    monkeypatch.setattr(sys, 'argv', ['get_flops.py', str(detector)])
    with pytest.raises(SystemExit):
        tool.main()
    assert 'it has no codec with' in capsys.readouterr().err
