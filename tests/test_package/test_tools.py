"""Our wrapper of MMPose's tools."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location(
        'run_mmpose_tool', ROOT / 'tools/run_mmpose_tool.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_resume_of_nothing_keeps_load_from(tool, tmp_path, monkeypatch):
    """With MMPose's --resume, a first start forgets load_from."""
    monkeypatch.chdir(tmp_path)
    argv = ['train.py', 'configs/i1.py', '--resume', '--amp']
    assert tool.without_empty_resume(argv) == [
        'train.py',
        'configs/i1.py',
        '--amp',
    ]
    folder = tmp_path / 'work_dirs/i1'
    folder.mkdir(parents=True)
    (folder / 'last_checkpoint').write_text('epoch_1.pth')
    assert tool.without_empty_resume(argv) == argv
    other = argv + ['--work-dir', str(tmp_path / 'new')]
    assert '--resume' not in tool.without_empty_resume(other)
    named = ['train.py', 'i1.py', '--resume', 'epoch_3.pth']
    assert tool.without_empty_resume(named) == named
