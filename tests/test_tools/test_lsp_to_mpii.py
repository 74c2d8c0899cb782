"""LSP and LSPET from archives in the official format."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from lsp_to_mpii import main
from scipy.io import loadmat, savemat

from integral_mmpose.datasets.body.mpii import MpiiExactDataset
from lsp import (
    ARCHIVES,
    make_person,
    read_numbers,
    reason_to_leave_out,
    to_mpii,
)

PUBLIC = os.environ.get('INTEGRAL_MMPOSE_DATA', '')
WIDTH, HEIGHT = 260, 250
#: In LSP's order, 0-based px: right leg from the ankle, left leg from the
#: hip, right arm from the wrist, left arm from the shoulder, neck, head top.
JOINTS = np.array(
    [
        [100, 200],
        [102, 160],
        [104, 120],
        [124, 120],
        [126, 160],
        [128, 200],
        [90, 110],
        [92, 90],
        [100, 70],
        [128, 72],
        [136, 90],
        [140, 110],
        [114, 66],
        [114, 42],
    ],
    float,
)


def write_archive(folder, data, joints, flags):
    """joints.mat and gradients as images in the official format."""
    (folder / 'images').mkdir(parents=True)
    both = np.concatenate([joints, flags[..., None]], -1)  # (n, 14, 3)
    axes = (2, 1, 0) if data == 'lsp' else (1, 2, 0)
    savemat(folder / 'joints.mat', dict(joints=both.transpose(axes)))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    grey = np.round(0.5 * x + 0.4 * y).astype(np.uint8)
    image = np.stack([grey] * 3, -1)
    name = 'im{:04d}.jpg' if data == 'lsp' else 'im{:05d}.jpg'
    for n in range(len(joints)):
        path = folder / 'images' / name.format(n + 1)
        cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 100])
    return folder


@pytest.fixture
def lsp(tmp_path):
    """Three images; LSP's third value is 1 for an occluded joint."""
    joints = np.stack([JOINTS, JOINTS + [10, 5], JOINTS])
    flags = np.zeros((3, 14))
    flags[0, 4] = 1
    return write_archive(tmp_path / 'archive', 'lsp', joints, flags)


def run(data, archive, out, *options):
    words = [data, str(archive), '--out', str(out), *options]
    return main(list(map(str, words)))


def test_hand_computed_values(lsp, tmp_path):
    """Box (90, 42) to (140, 200): size 158, centre (115, 121).

    Half side 0.85 * 158 + 8 = 142.3: the crop starts at (0, 0) and ends at
    (258, 250): ceil(257.3), and the lower border of the picture.
    """
    out = tmp_path / 'out'
    assert run('lsp', lsp, out, '--split', 'val=3-3', '--split', 'b=1-2') == 0
    (person,) = json.loads((out / 'lsp_val.json').read_text())
    assert person['image'] == 'lsp0003.jpg'
    assert person['scale'] == 0.869  # 1.1 * 158 / 200
    assert person['center'] == [116, 108.96]  # 122 - 15 * 0.869
    assert person['joints_vis'] == [1] * 16
    # MPII: pelvis and thorax in the middle, neck, head top, right wrist.
    assert person['joints'][0] == [101, 201]
    assert person['joints'][6] == [115, 121]
    assert person['joints'][7] == [115, 72]
    assert person['joints'][8:11] == [[115, 67], [115, 43], [91, 111]]
    assert person['joints'][15] == [141, 111]
    truth = loadmat(out / 'lsp_gt_val.mat')
    low, high = truth['headboxes_src'][..., 0]
    assert 0.6 * np.linalg.norm(high - low) == pytest.approx(24)
    assert truth['pos_gt_src'][10, :, 0].tolist() == [91, 111]
    assert truth['jnt_missing'].shape == (16, 1)
    assert not truth['jnt_missing'].any()
    image = cv2.imread(str(out / 'images/lsp0003.jpg'))
    assert image.shape == (250, 258, 3)
    # Occluded in LSP is labelled.
    assert json.loads((out / 'lsp_b.json').read_text())[0]['joints_vis'] == (
        [1] * 16
    )


def test_a_crop_inside_the_picture(tmp_path):
    """A small person: the crop moves the joints, and the pixels with them."""
    joints = JOINTS * 0.5 + [80.25, 80.5]
    archive = write_archive(
        tmp_path / 'archive', 'lspet', joints[None], np.ones((1, 14))
    )
    out = tmp_path / 'out'
    assert run('lspet', archive, out) == 0
    (person,) = json.loads((out / 'lspet_train.json').read_text())
    assert person['image'] == '000000001.jpg'
    # Box (125.25, 101.5) to (150.25, 180.5): size 79, centre (137.75, 141),
    # half side 75.15: from floor(62.6, 65.85) to ceil(212.9, 216.15).
    image = cv2.imread(str(out / 'images/000000001.jpg'))
    assert image.shape == (217 - 65, 213 - 62, 3)
    grey = 0.5 * (62 + 7.5) + 0.4 * (65 + 7.5)  # a column more: + 0.5
    assert image[:16, :16].mean() == pytest.approx(grey, abs=0.2)
    expected = joints[0] - [62, 65] + 1
    np.testing.assert_allclose(person['joints'][0], expected, atol=5e-3)


def test_labels_of_lspet(tmp_path):
    """Its third value is 1 for a labelled joint; outside is unlabelled."""
    joints, flags = np.stack([JOINTS] * 5), np.ones((5, 14))
    flags[0, 2] = 0  # right hip: no pelvis either
    joints[0, 0] = [-3, 200]
    flags[1, 12] = 0  # neck
    flags[2, :3] = 0
    joints[4, 11] = [WIDTH, 110]  # left wrist: the last column is WIDTH - 1
    joints[3] = JOINTS[:1] + (JOINTS - JOINTS[:1]) * 0.3  # 47 px
    archive = write_archive(tmp_path / 'archive', 'lspet', joints, flags)
    out = tmp_path / 'out'
    assert run('lspet', archive, out) == 0
    people = json.loads((out / 'lspet_train.json').read_text())
    names = [person['image'] for person in people]
    assert names == ['000000001.jpg', '000000005.jpg']
    assert np.flatnonzero(np.array(people[0]['joints_vis']) == 0).tolist() == [
        0,
        2,
        6,
    ]
    assert np.argmin(people[1]['joints_vis']) == 15
    assert people[0]['joints'][0] == people[0]['joints'][6] == [0, 0]
    more = tmp_path / 'more'
    split = ['--split', 'more=all', '--min-joints', 10]
    assert run('lspet', archive, more, *split) == 0
    assert len(json.loads((more / 'lspet_more.json').read_text())) == 3


def test_the_dataset_reads_it(lsp, tmp_path):
    """And gives the archive's own 0-based pixels back."""
    out = tmp_path / 'out'
    assert run('lsp', lsp, out, '--split', 'val=all') == 0
    dataset = MpiiExactDataset(
        split='val', data_root=str(out), test_mode=True, pipeline=[]
    )
    info = dataset.get_data_info(2)
    px = info['keypoints'][0]
    np.testing.assert_allclose(px[[0, 10, 8, 9]], JOINTS[[0, 6, 12, 13]])
    assert info['head_size'] == pytest.approx(24)
    # The readers' box has the centre of the joints' box again.
    box = info['bbox'][0]
    np.testing.assert_allclose(
        (box[:2] + box[2:]) / 2, [115, 121], rtol=0, atol=0.01
    )


def test_lists(tmp_path):
    """A range, numbers, names, people: in the order of the list."""
    text = tmp_path / 'val.txt'
    text.write_text('im0003.jpg\n1\nlsp0002.jpg\n')
    names = tmp_path / 'val.json'
    names.write_text('\ufeff[{"image": "000000003.jpg"}, 1, "im0002.jpg"]')
    for path in (text, names):
        assert read_numbers(str(path), 3) == [3, 1, 2]
    assert read_numbers('2-3', 3) == [2, 3]
    assert ARCHIVES['lsp'].splits == dict(train='1-1000', val='1001-2000')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('4', 'no image 4, it has 1 to 3'),
        ('0', 'no image 0'),
        ('1 1', 'the image 1 is listed twice'),
        ('', 'the list is empty'),
        ('head', "'head' is no image number"),
        ('ä', 'val.txt: is no text file and no .json list'),
        ('1 2 3', 'image 1 is listed twice'),  # in train and val
    ],
)
def test_wrong_lists(lsp, tmp_path, capsys, content, message):
    path = tmp_path / 'val.txt'
    path.write_text(content, 'latin-1')
    out = tmp_path / 'out'
    splits = ['--split', 'train=1-1', '--split', f'val={path}']
    assert run('lsp', lsp, out, *splits) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_wrong_splits(lsp, tmp_path, capsys):
    for words, message in (
        (['val'], 'must be NAME=LIST'),
        (['val=', ''], 'must be NAME=LIST'),
        (['a=1-1', 'a=2-2'], '--split a is given twice'),
        (['a=nothing.txt'], 'nothing.txt'),
        ([f'a={tmp_path / "a.json"}'], 'must be a JSON list'),
        ([f'a={tmp_path / "b.json"}'], 'list of images is not readable as'),
        ([], 'no image 4'),
    ):
        (tmp_path / 'a.json').write_text('{}')
        (tmp_path / 'b.json').write_text('1 2')
        options = [w for word in words for w in ('--split', word)]
        assert run('lsp', lsp, tmp_path / 'out', *options) == 1
        assert message in capsys.readouterr().err


def test_wrong_archives(lsp, tmp_path, capsys):
    out, split = tmp_path / 'out', ['--split', 'a=1-3']
    assert run('lspet', lsp, out, *split) == 1
    said = capsys.readouterr().err
    assert '(14, 3, n), got' in said and 'give lsp or lspet' in said
    (lsp / 'images/im0002.jpg').write_text('no image')
    assert run('lsp', lsp, out, *split) == 1
    said = capsys.readouterr().err
    assert 'im0002.jpg (8 bytes) is corrupt or truncated' in said
    whole = (lsp / 'images/im0003.jpg').read_bytes()
    (lsp / 'images/im0002.jpg').write_bytes(whole[: len(whole) // 2])
    assert run('lsp', lsp, out, *split) == 1
    said = capsys.readouterr().err
    assert f'im0002.jpg ({len(whole) // 2} bytes) is corrupt or' in said
    (lsp / 'images/im0002.jpg').unlink()
    assert run('lsp', lsp, out, *split) == 1
    assert 'im0002.jpg' in capsys.readouterr().err
    joints = loadmat(lsp / 'joints.mat')['joints']
    joints[0, 5, 0] = np.nan
    savemat(lsp / 'joints.mat', dict(joints=joints))
    assert run('lsp', lsp, out, *split) == 1
    assert 'joints of image 1 are not finite' in capsys.readouterr().err
    (lsp / 'joints.mat').unlink()
    assert run('lsp', lsp, out, *split) == 1
    assert 'joints.mat' in capsys.readouterr().err
    assert not list(out.glob('*.json'))


@pytest.mark.shared_data
@pytest.mark.skipif(not PUBLIC, reason='INTEGRAL_MMPOSE_DATA is not set')
@pytest.mark.parametrize(
    ('folder', 'stem', 'gt', 'fewest'),
    [
        ('lsp', 'lsp_train', 'lsp_gt_train', 12),
        ('lsp', 'lsp_val', 'lsp_gt_val', 12),
        ('lspet', 'lspet_train', 'lspet_gt_train', 12),
        ('lspet', 'lspet_val', 'lspet_gt_val', 12),
        ('lspet_more', 'lspet_more', 'lspet_gt_more', 10),
    ],
)
def test_the_facts_fit_the_public_files(folder, stem, gt, fewest):
    """From the joints of a crop, put back into a large picture.

    Where the archives are not at hand: scale, centre, midpoints and head box
    follow from the joints, and a crop inside the picture from their box.
    """
    root = Path(PUBLIC) / folder
    people = json.loads((root / f'{stem}.json').read_text())
    boxes = loadmat(root / f'{gt}.mat')['headboxes_src']
    archive, inside = ARCHIVES[folder[:5]], 0
    order = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8, 9]
    for n, person in enumerate(people):
        joints = np.array(person['joints'])[order] - 1 + 1000
        vis = np.array(person['joints_vis'])[order]
        joints[vis == 0] = -1
        both = np.concatenate([joints, vis[:, None]], 1)
        px, labelled = to_mpii(both, archive, (3000, 3000))
        assert labelled.tolist() == [v == 1 for v in person['joints_vis']]
        assert not reason_to_leave_out(px, labelled, fewest)
        again = make_person(px, labelled, (3000, 3000), 'a.jpg')
        left, top, right, bottom = again.crop
        image = np.array([left, top]) - 1000  # its origin in the file's px
        assert again.entry['scale'] == pytest.approx(
            person['scale'], abs=1.1e-4
        )
        np.testing.assert_allclose(
            again.entry['center'] + image, person['center'], atol=0.021
        )
        shown = np.where(labelled[:, None], again.entry['joints'] + image, 0)
        np.testing.assert_allclose(shown, person['joints'], atol=0.011)
        side = np.linalg.norm(boxes[1, :, n] - boxes[0, :, n])
        assert 0.6 * side == pytest.approx(again.head, abs=0.02)
        if n < 200 and min(image) >= 0:
            size = cv2.imread(str(root / 'images' / person['image'])).shape
            # Cut at the border of a picture whose size nobody knows.
            assert size[1] <= right - left + 1 and size[0] <= bottom - top + 1
            assert max(image) <= 1
            inside += size[:2] == (bottom - top, right - left)
    assert inside > 5 or folder == 'lsp'
