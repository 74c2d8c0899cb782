"""The command line: files, printed differences, exit status."""

import argparse
import sys
from pathlib import Path

import cv2
import export_onnx as tool
import numpy as np
import pytest
import torch

from integral_mmpose import export
from integral_mmpose.export import read_torch
from integral_mmpose.inference import OnnxPoseModel


@pytest.fixture
def run(models, tmp_path, monkeypatch):
    """The command line on a small model, as a function of its options."""
    model = models['integral_3d']
    model.cfg.dump(tmp_path / 'small.py')
    content = dict(state_dict=model.state_dict())
    torch.save(content, tmp_path / 'small.pth')
    monkeypatch.chdir(tmp_path)

    def start(*options, checkpoint='small.pth', out='model.onnx'):
        argv = ['export_onnx.py', 'small.py', checkpoint, '--out', out]
        monkeypatch.setattr(sys, 'argv', argv + list(map(str, options)))
        return tool.main()

    return start


@pytest.fixture
def photo(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / 'photo.jpg'
    cv2.imwrite(str(path), rng.integers(0, 256, (50, 70, 3), dtype=np.uint8))
    return path


def test_verifies_on_random_and_real_crops(run, photo, capsys):
    assert run('--verify', '--images', photo) == 0
    printed = capsys.readouterr().out
    assert '24 random crops: largest difference' in printed
    assert '1 real crops: largest difference' in printed
    assert 'times as fast' in printed
    assert OnnxPoseModel('model.onnx').metadata.config == 'small.py'


def test_a_difference_above_the_tolerance_fails(run, capsys, monkeypatch):
    """The file's weights are changed between writing and verifying."""
    written = export.write_onnx

    def write_other(program, *args):
        weight = program.state_dict['model.head.final_layer.weight']
        with torch.no_grad():
            weight.mul_(2)
        written(program, *args)

    monkeypatch.setattr(export, 'write_onnx', write_other)
    assert run('--verify') == 1
    assert 'differs from the model' in capsys.readouterr().err


def test_a_tilde_is_the_home_folder(run, tmp_path, monkeypatch):
    """--out=~/x: a shell leaves it to the program."""
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))
    assert run(out='~/model.onnx') == 0
    assert (tmp_path / 'home/model.onnx').is_file()
    assert not (tmp_path / '~').exists()


def test_writes_a_torch_file(run, capsys):
    assert run('--format', 'torch', '--verify', out='model.pt2') == 0
    assert 'float32' in capsys.readouterr().out
    assert read_torch('model.pt2')[1].config == 'small.py'


@pytest.mark.slow
def test_half_prints_its_error(run, capsys):
    assert run('--half', '--verify', '--opset', 18) == 0
    printed = capsys.readouterr().out
    assert 'float16' in printed and 'at most 0.01 of' in printed
    assert OnnxPoseModel('model.onnx').metadata.half


def test_mistakes_are_one_sentence(run, capsys, tmp_path):
    assert run(checkpoint='none.pth') == 1
    assert capsys.readouterr().err.startswith('error: ')
    Path('text.jpg').write_text('no picture')
    assert run('--format', 'torch', '--verify', '--images', 'text.jpg') == 1
    assert 'text.jpg: cannot be decoded' in capsys.readouterr().err
    for options in (
        ('--images', 'a.jpg'),
        ('--format', 'torch', '--opset', 18),
    ):
        with pytest.raises(SystemExit):
            run(*options)


def test_a_fault_of_the_graph_itself_is_found(run, capsys, monkeypatch):
    """The reference is the model's own prediction, not the graph's."""
    forward = export.PoseGraph.forward

    def shifted(self, crops):
        keypoints, *others = forward(self, crops)
        return keypoints + 5, *others

    monkeypatch.setattr(export.PoseGraph, 'forward', shifted)
    assert run('--verify') == 1
    assert 'largest difference 5 px' in capsys.readouterr().out


@pytest.mark.parametrize('path', ['small.pth', 'small.py', '../{}/small.pth'])
def test_no_file_that_is_read_is_replaced(run, tmp_path, capsys, path):
    before = (tmp_path / 'small.pth').read_bytes()
    with pytest.raises(SystemExit):
        run(out=path.format(tmp_path.name))
    assert 'is a file that is read' in capsys.readouterr().err
    assert (tmp_path / 'small.pth').read_bytes() == before


@pytest.mark.parametrize(
    ('readout', 'half', 'good'),
    [
        ('integral', True, False),
        ('local_integral', True, True),
        ('local_integral', False, False),
    ],
)
def test_an_argmax_may_jump_in_half_precision(
    models, monkeypatch, capsys, readout, half, good
):
    """A few joints of a window, found elsewhere, are no fault of the file."""
    model = models['integral_3d']
    found = export.Difference(
        px=24.0,
        mm=9.0,
        score=0.001,
        fraction=0.25,
        most=0.004,
        usual=0.001,
        mean_px=0.1,
        mean_mm=0.1,
        std=0.001,
    )
    monkeypatch.setattr(model.head, 'readout', readout)
    monkeypatch.setattr(tool, 'open_file', lambda args: None)
    monkeypatch.setattr(export, 'compare', lambda *args: found)
    monkeypatch.setattr(export, 'milliseconds', lambda *args: (2.0, 1.0))
    args = argparse.Namespace(
        half=half, tolerance=0.01, images=None, format='onnx'
    )
    metadata = export.describe_model(model, 'a.py')
    assert tool.verify(args, model, metadata) == good
    printed = capsys.readouterr().out
    assert ('98% of the joints: 0.004' in printed) == good


#: Of `models['integral_3d']`: px and bins of x.
WIDTH, BINS = 96, 16


def _swapped(keypoints, scores, std):
    keypoints[:, [3, 6]] = keypoints[:, [6, 3]]


def _half_a_bin(keypoints, scores, std):
    keypoints[:, 5, 0] += WIDTH / BINS / 2


def _deeper(keypoints, scores, std):
    keypoints[..., 2] *= 1.05


def _another_size(keypoints, scores, std):
    keypoints[..., :2] *= (WIDTH + 4) / WIDTH


def _low(keypoints, scores, std):
    scores *= 0.95


def _scores_swapped(keypoints, scores, std):
    scores[:, [3, 6]] = scores[:, [6, 3]]


def _narrow(keypoints, scores, std):
    std *= 0.9


FAULTS = [
    _swapped, _half_a_bin, _deeper, _another_size, _low, _scores_swapped,
    _narrow,
]  # fmt: skip


@pytest.mark.parametrize('half', [True, False])
@pytest.mark.parametrize('fault', [None, *FAULTS])
def test_a_fault_of_one_joint_is_no_rounding(models, monkeypatch, fault, half):
    """Rounding of float16: a little everywhere, one joint in 100 far off."""
    model = models['integral_3d']
    monkeypatch.setattr(model.head, 'readout', 'local_integral')
    monkeypatch.setattr(model.head, 'window', dict(radius=1, temperature=1.0))
    run, rng = export.run_model(model), np.random.default_rng(0)

    def actual(crops):
        keypoints, scores, std = (array.copy() for array in run(crops))
        if half:
            keypoints += rng.normal(0, 0.02, keypoints.shape)
            scores += rng.normal(0, 1e-3, scores.shape)
            jumps = rng.random(scores.shape) < 1 / 100
            keypoints[jumps, :2] += 30
        if fault:
            fault(keypoints, scores, std)
        return keypoints, scores, std

    monkeypatch.setattr(tool, 'open_file', lambda args: actual)
    monkeypatch.setattr(export, 'milliseconds', lambda *args: (2.0, 1.0))
    args = argparse.Namespace(
        half=half,
        tolerance=tool.TOLERANCE[half],
        images=None,
        format='onnx',
    )
    metadata = export.describe_model(model, 'a.py')
    assert tool.verify(args, model, metadata) == (fault is None)
