"""Data: found, made, or an error that says what to set."""

import os

import pytest
from mmengine.config import ConfigDict

from integral_mmpose.synthetic.generate import Scale
from reproduction.data import find_data, make_absolute, needed

ISTAR = 'istar_res50_4xb32-140e_'


def test_needed():
    assert needed(f'{ISTAR}mpii-256x256') == {'mpii'}
    assert needed(f'{ISTAR}h36m-mpii-256x256') == {'mpii', 'h36m'}
    assert needed(f'{ISTAR}h36m-256x256') == {'h36m'}
    assert needed('h1_res101_4xb32-70e_coco-256x256') == {'coco'}


def test_real_names_the_variable(tmp_path, monkeypatch):
    configs = [f'{ISTAR}h36m-mpii-256x256']
    monkeypatch.delenv('H36M_ROOT', raising=False)
    monkeypatch.setenv('MPII_ROOT', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='needs H36M_ROOT.* not set'):
        find_data('real', configs, None, tmp_path)
    monkeypatch.setenv('H36M_ROOT', str(tmp_path / 'absent'))
    with pytest.raises(FileNotFoundError, match='but it is .*absent'):
        find_data('real', configs, None, tmp_path)
    monkeypatch.setenv('H36M_ROOT', str(tmp_path))
    assert find_data('real', configs, None, tmp_path) == dict(
        H36M_ROOT=str(tmp_path), MPII_ROOT=str(tmp_path)
    )


def test_lspet_is_2d(tmp_path, monkeypatch):
    mpii = [f'{ISTAR}mpii-256x256']
    monkeypatch.setenv('INTEGRAL_MMPOSE_DATA', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='INTEGRAL_MMPOSE_DATA'):
        find_data('lspet', mpii, None, tmp_path)
    (tmp_path / 'lspet').mkdir()
    root = dict(MPII_ROOT=str(tmp_path / 'lspet'))
    assert find_data('lspet', mpii, None, tmp_path) == root
    with pytest.raises(ValueError, match='take Tables 1 to 5'):
        find_data('lspet', [f'{ISTAR}h36m-256x256'], None, tmp_path)


def test_synthetic_data_has_the_amount_of_the_scale(tmp_path, monkeypatch):
    """generate() itself keeps what is complete; see its own tests."""
    asked = []
    monkeypatch.setattr(
        'reproduction.data.generate',
        lambda out, seed, scale, jobs, progress: asked.append((out, scale)),
    )
    sizes = ConfigDict(synthetic=(1, 2, 3, (4, 2), (5, 6)))
    roots = find_data('synthetic', [], sizes, tmp_path)
    folder = tmp_path / 'synthetic-1-2-3-4x2-5x6'
    assert roots == dict(
        MPII_ROOT=str(folder / 'mpii'),
        H36M_ROOT=str(folder / 'h36m'),
        COCO_ROOT=str(folder / 'coco'),
    )
    find_data('synthetic', [], ConfigDict(synthetic='small'), tmp_path)
    find_data('synthetic', [], None, tmp_path)
    assert asked == [
        (folder, Scale(1, 2, 3, (4, 2), (5, 6))),
        (tmp_path / 'synthetic-small', 'small'),
        (tmp_path / 'synthetic-full', 'full'),
    ]


def test_paths_are_of_the_folder_where_the_command_runs(tmp_path, monkeypatch):
    """Trainings run in the repository, where data/mpii is another folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('MPII_ROOT', 'data/mpii')
    monkeypatch.setenv('H36M_ROOT', '/data/h36m')
    monkeypatch.setenv('COCO_ROOT', '')
    make_absolute(('MPII_ROOT', 'H36M_ROOT', 'COCO_ROOT', 'NOT_SET_ROOT'))
    assert os.environ['MPII_ROOT'] == str(tmp_path / 'data/mpii')
    assert os.environ['H36M_ROOT'] == '/data/h36m'
    assert os.environ['COCO_ROOT'] == '' and 'NOT_SET_ROOT' not in os.environ
