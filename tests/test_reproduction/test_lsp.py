"""LSP and LSPET as one data set."""

import json
import os
import shutil

import numpy as np
import pytest
from scipy.io import savemat

from integral_mmpose.datasets.body.mpii import MpiiExactDataset
from reproduction.data import find_data

PUBLIC = os.environ.get('INTEGRAL_MMPOSE_DATA', '')
ISTAR = 'istar_res50_4xb32-140e_mpii-256x256'
FILES = {
    'lsp/lsp_train.json': 2,
    'lsp/lsp_val.json': 3,
    'lspet/lspet_train.json': 4,
    'lspet_more/lspet_more.json': 1,
}


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A few people in each folder; x of the first joint tells them apart."""
    base = tmp_path / 'public'
    for file, count in FILES.items():
        path = base / file
        (path.parent / 'images').mkdir(parents=True, exist_ok=True)
        people = [
            dict(
                image=f'{path.stem}{n}.jpg',
                center=[50, 50],
                scale=0.5,
                joints=[[10 * count + n, 20]] * 16,
                joints_vis=[1] * 16,
            )
            for n in range(count)
        ]
        path.write_text(json.dumps(people))
        for person in people:
            (path.parent / 'images' / person['image']).write_text('image')
    boxes = np.zeros((2, 2, 3))
    boxes[1] = [[3, 6, 9], [4, 8, 12]]
    savemat(base / 'lsp/lsp_gt_val.mat', dict(headboxes_src=boxes))
    monkeypatch.setenv('INTEGRAL_MMPOSE_DATA', str(base))
    return base


def find(out):
    return find_data('lsp', [ISTAR], None, out)['MPII_ROOT']


def read(root, split):
    data = MpiiExactDataset(split=split, data_root=root, pipeline=[])
    return [data.get_data_info(n) for n in range(len(data))]


def test_train_and_val(base, tmp_path):
    root = find(tmp_path / 'data')
    train, val = read(root, 'train'), read(root, 'val')
    first = [int(info['keypoints'][0, 0, 0]) + 1 for info in train]
    assert first == [20, 21, 40, 41, 42, 43, 10]
    assert [int(i['keypoints'][0, 0, 0]) + 1 for i in val] == [30, 31, 32]
    np.testing.assert_allclose([i['head_size'][0] for i in val], [3, 6, 9])
    for info in train + val:
        with open(info['img_path']) as file:
            assert file.read() == 'image'


def test_people_of_lsp_train_are_held_out(base, tmp_path, monkeypatch):
    """They validate, do not train, and bring their head boxes."""
    monkeypatch.setattr('reproduction.data.HELD_OUT', 1)
    boxes = np.zeros((2, 2, 2))
    boxes[1] = [[3, 6], [4, 8]]
    savemat(base / 'lsp/lsp_gt_train.mat', dict(headboxes_src=boxes))
    out = tmp_path / 'data'
    root = find_data('lsp-select', [ISTAR], None, out)['MPII_ROOT']
    train, val = read(root, 'train'), read(root, 'val')
    first = [int(info['keypoints'][0, 0, 0]) + 1 for info in train]
    assert first == [20, 40, 41, 42, 43, 10]
    assert [int(i['keypoints'][0, 0, 0]) + 1 for i in val] == [21]
    np.testing.assert_allclose(val[0]['head_size'], [6])
    # LSP val is as it was.
    assert len(read(find(out), 'val')) == 3


@pytest.mark.parametrize('order', [[0, 1], [1, 0]])
def test_head_boxes_in_another_order(base, tmp_path, monkeypatch, order):
    """Negative control: the same joints in the people's order."""
    monkeypatch.setattr('reproduction.data.HELD_OUT', 1)
    path = base / 'lsp/lsp_train.json'
    people = json.loads(path.read_text())
    people[1]['joints'] = [[90, 20]] * 16
    path.write_text(json.dumps(people))
    boxes = np.zeros((2, 2, 2))
    boxes[1] = [[3, 6], [4, 8]]
    joints = np.array([people[n]['joints'] for n in order])
    content = dict(headboxes_src=boxes, pos_gt_src=joints.transpose(1, 2, 0))
    savemat(base / 'lsp/lsp_gt_train.mat', content)
    if order == [0, 1]:
        root = find_data('lsp-select', [ISTAR], None, tmp_path)['MPII_ROOT']
        assert read(root, 'val')[0]['head_size'] == pytest.approx([6])
        return
    with pytest.raises(ValueError, match='lsp_gt_train.mat: id 0: .* order'):
        find_data('lsp-select', [ISTAR], None, tmp_path)


def test_it_follows_its_sources(base, tmp_path):
    """Made again: unchanged files stay, others are replaced."""
    root = find(tmp_path / 'data')
    files = sorted((tmp_path / 'data/lsp-lspet').glob('lsp_*.json'))
    before = [file.stat().st_mtime_ns for file in files]
    assert find(tmp_path / 'data') == root
    assert [file.stat().st_mtime_ns for file in files] == before
    moved = base.with_name('moved')
    shutil.move(base, moved)
    (moved / 'lspet_more/lspet_more.json').write_text('[]')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('INTEGRAL_MMPOSE_DATA', str(moved))
        assert find(tmp_path / 'data') == root
    train = read(root, 'train')
    assert len(train) == 6
    with open(train[0]['img_path']) as file:
        assert file.read() == 'image'


def test_what_is_missing_is_named(base, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match='--data lsp has 2D people'):
        find_data('lsp', [ISTAR.replace('mpii', 'h36m')], None, tmp_path)
    for file in (*FILES, 'lsp/lsp_gt_val.mat', 'lspet/images'):
        path = base / file
        aside = path.with_name('aside')
        path.rename(aside)
        with pytest.raises(FileNotFoundError, match=f'{file}.*\n?.*lsp_to_m'):
            find(tmp_path / 'data')
        aside.rename(path)
    (base / 'lspet/lspet_train.json').write_text('[{"center": [1, 2]}]')
    with pytest.raises(ValueError, match='lspet_train.json.*image'):
        find(tmp_path / 'data')
    monkeypatch.delenv('INTEGRAL_MMPOSE_DATA')
    with pytest.raises(FileNotFoundError, match='INTEGRAL_MMPOSE_DATA'):
        find(tmp_path / 'data')


@pytest.mark.shared_data
@pytest.mark.skipif(not PUBLIC, reason='INTEGRAL_MMPOSE_DATA is not set')
def test_the_public_files(tmp_path):
    """1,000 + 4,000 + 1,537 people train, 500 test; every image is there."""
    root = find(tmp_path / 'data')
    train, val = read(root, 'train'), read(root, 'val')
    assert (len(train), len(val)) == (6537, 500)
    assert all(os.path.isfile(info['img_path']) for info in train + val)
    both = {os.path.realpath(i['img_path']) for i in train} & {
        os.path.realpath(i['img_path']) for i in val
    }
    assert not both
