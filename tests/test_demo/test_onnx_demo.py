"""demo/image_to_pose.py --onnx: no config, no checkpoint, no network."""

import importlib.util
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmpose.registry import MODELS

DEMO = Path(__file__).resolve().parents[2] / 'demo/image_to_pose.py'


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """The command line on one picture, as a function of its options."""
    spec = importlib.util.spec_from_file_location('image_to_pose', DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (80, 60, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'photo.png'), photo)
    monkeypatch.chdir(tmp_path)

    def run(*options):
        argv = ['image_to_pose.py', 'photo.png', '--out', 'out', *options]
        monkeypatch.setattr(sys, 'argv', argv)
        return module.main()

    return run


def test_writes_poses_and_a_picture(demo, onnx_model, monkeypatch):
    monkeypatch.setattr(MODELS, 'build', None)
    assert demo('--onnx', onnx_model) == 0
    content = json.loads(Path('out/poses.json').read_text())
    [person] = content['images']['photo.png']
    assert len(content['keypoint_names']) == 18
    assert np.isfinite(person['keypoints_mm']).all()
    assert cv2.imread('out/photo.png') is not None


def test_mistakes_are_one_sentence(demo, capsys):
    assert demo('--onnx', 'none.onnx') == 1
    error = capsys.readouterr().err
    assert error == 'error: none.onnx: no such ONNX file\n'
    for options, message in (
        ((), 'give --config and --checkpoint, or --onnx'),
        (('--onnx', 'a', '--half'), '--onnx cannot be given with'),
        (('--onnx', 'a', '--heatmaps'), '--heatmaps needs --config'),
    ):
        with pytest.raises(SystemExit):
            demo(*options)
        assert message in capsys.readouterr().err
