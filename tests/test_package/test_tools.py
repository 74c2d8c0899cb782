"""Our wrapper of MMPose's tools."""

import argparse
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


def test_processes_talk_by_gloo_without_a_gpu(tool, monkeypatch):
    """MMPose's own parser reads what is added as MMDDP needs it."""
    from mmengine.config import DictAction

    joined = []
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr('torch.distributed.init_process_group', joined.append)
    argv = ['train.py', 'i1.py', '--launcher', 'pytorch']
    argv += ['--cfg-options', 'work_dir=here']
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    assert tool.join_without_gpu(argv) == []
    monkeypatch.setenv('WORLD_SIZE', '2')
    assert tool.join_without_gpu(argv[:2]) == [] and joined == []
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    words = argv[4:] + tool.join_without_gpu(argv)
    assert joined == ['gloo']
    assert parser.parse_args(words).cfg_options == {
        'work_dir': 'here',
        'env_cfg.dist_cfg.backend': 'gloo',
        'model_wrapper_cfg.type': 'MMDistributedDataParallel',
        'model_wrapper_cfg.device_ids': None,
        'model_wrapper_cfg.broadcast_buffers': False,
    }
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    assert tool.join_without_gpu(argv) == []
